// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/config/problem.hpp"
#include "partita/config/settings.hpp"

#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace partita::config {

/// What counts beside the file. The command line wins over the environment, which wins
/// over the file.
struct load_options {
  /// Variables by name; those that name no option, and empty ones, are ignored.
  std::map<std::string, std::string> environment;
  /// `section.key=value`, in the order of the command line; the last one counts.
  std::vector<std::string> overrides;
  /// The service has no other source of partitions; a host application may have.
  bool partitions_required = false;
  /// A worker is to run here, so its hooks must be there. Commands that only read may
  /// lack them.
  bool programs_required = false;
};

/// All settings, or everything that is wrong, in the order of lines.
using load_result = std::variant<settings, std::vector<problem>>;

/// Reads the file at `path`. Never throws on account of its content.
load_result load_settings(const std::string& path, const load_options& options = {});

/// Reads `text` as if it were in a file of that name. An empty text is right where
/// environment or overrides say everything.
load_result load_settings_text(std::string_view text, const std::string& name,
                               const load_options& options = {});

/// Those variables of this process that begin with `PARTITA_`.
std::map<std::string, std::string> process_environment();

/// Warnings about variables that begin with `PARTITA_` and that partita does not know, each
/// with the nearest name. None about empty ones, those that partita gives to hooks and
/// applications, and those that Kubernetes sets for a Service `partita...`.
std::vector<problem> unknown_variables(const std::map<std::string, std::string>& all);

/// The options that differ and are no secrets, by name.
std::vector<std::string> differences(const settings& a, const settings& b);

/// The settings in effect as a TOML text with every option; secrets are "(hidden)", what
/// is not used is in a comment.
std::string to_toml(const settings& x);

} // namespace partita::config
