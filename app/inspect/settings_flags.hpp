// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/config/load.hpp"

#include <optional>
#include <string>
#include <vector>

namespace CLI {
class App;
class Option;
} // namespace CLI

/// The part of the command line that says which settings count; several commands share
/// it.
namespace partita::app {

struct settings_flags {
  /// Empty: defaults, environment and command line say everything; see add_file.
  std::string file;
  /// `section.key=value`; they win over environment and file.
  std::vector<std::string> overrides;
  std::string url;
  std::string group;
  std::string instance;
};

/// The configuration as `name`, else of PARTITA_CONFIG, else ./partita.toml.
CLI::Option* add_file(CLI::App& command, settings_flags& flags, const char* name);

/// -c, --set, --url and --group.
void add_settings_flags(CLI::App& command, settings_flags& flags);

/// --instance, for commands that run a worker.
void add_instance_flag(CLI::App& command, settings_flags& flags);

/// The settings in effect, or everything that is wrong.
config::load_result read_settings(const settings_flags& flags, bool to_run);

/// The settings in effect. If something is wrong: nothing, after every mistake was
/// printed to stderr. `to_run`: partitions and the programs of hooks must be there.
std::optional<config::settings> load(const settings_flags& flags, bool to_run);

/// `section.key=value` from text that a person typed: `value` as it is.
std::vector<std::string> overrides_of(const settings_flags& flags);

} // namespace partita::app
