// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/config/settings.hpp"
#include "partita/config/value.hpp"

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// One description of all options, from which come parsing, the names of environment
/// variables, hints for unknown keys and the printed configuration. What each option means is
/// written in config/partita.toml and docs/configuration.md; tests compare both with it.
namespace partita::config {

/// Why a value was refused.
struct complaint {
  std::string found;
  std::string expected;
  std::string remedy = {};
  /// The line of that place; 0: that of the value.
  int line = 0;
  /// Where inside the value, as `[3].weight`; empty: the value itself.
  std::string at = {};
};

using complaints = std::vector<complaint>;

/// Decides how a text from the environment or the command line is read.
enum class option_type { text, integer, real, boolean, duration, list, command };

struct option {
  std::string section;
  std::string key;
  option_type type = option_type::text;
  /// The allowed values, as in "must be ...": the range with its unit.
  std::string allowed;
  /// Its value is never shown.
  bool secret = false;
  /// Has no default: loading fails without it.
  bool required = false;
  /// Changes the settings if the value is good, and nothing otherwise.
  std::function<complaints(settings&, const value&)> set;
  /// The present value as TOML text; empty: not used.
  std::function<std::string(const settings&)> get;

  std::string name() const { return section + "." + key; }

  /// As `PARTITA_HEARTBEAT_TTL`.
  std::string variable() const;
};

/// All options, in the order of the sections and keys of config/partita.toml.
const std::vector<option>& all_options();

/// The option of that name, or null.
const option* find_option(std::string_view section, std::string_view key);

/// The names of all sections, in order.
const std::vector<std::string>& all_sections();

/// The names of the keys of one section, in order; empty if there is no such section.
std::vector<std::string> keys_of(std::string_view section);

/// What must hold between values of several options.
struct relation {
  /// Names of the options; the first is the one that is blamed.
  std::vector<std::string> keys;
  /// As in the manual, in one line.
  std::string rule;
  /// What is wrong, or nothing. Called only if all options of `keys` are good by
  /// themselves.
  std::function<std::optional<complaint>(const settings&)> check;
};

/// All relations, in the order of the options.
const std::vector<relation>& all_relations();

/// A default of another option that a profile sets.
struct profile_time {
  std::string_view section;
  std::string_view key;
  std::string_view value;
};

/// The profiles of timing.profile: times that fit each other, by name.
const std::vector<std::string>& profile_names();
std::span<const profile_time> times_of(std::string_view profile);

} // namespace partita::config
