// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/CLI.hpp>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

/// The commands of the program. A new one is a function here, in the list at the end, and in a
/// source file.
namespace partita::app {

/// What the command line asks for. It runs when the parser is gone: a worker runs for months,
/// and all texts of all options would stay in memory with it.
struct chosen_command {
  /// The words behind `--` of `partita run`, the application and its arguments; empty: none.
  std::vector<std::string> application;
  /// Gives the exit code.
  std::function<int()> run;

  /// Adds a command with options of its own, which runs if the command line names it.
  template <class Options>
  std::pair<CLI::App&, Options&> add(CLI::App& to, const char* name, const char* text,
                                     const std::string& help,
                                     std::function<int(const Options&)> what) {
    auto options = std::make_shared<Options>();
    auto* command = to.add_subcommand(name, text);
    command->footer(help);
    command->callback(
        [this, options, what] { run = [options, what] { return what(*options); }; });
    return {*command, *options};
  }
};

struct group_access;

/// Shows the group until `access.self` gets a stop_worker; the exit code. Continues over
/// reconnects and says so. `all`: see status_style.
int watch_status(group_access& access, bool json, bool all);

/// Shows how far the consumers of the group's stream are; the exit code.
int show_lag(group_access& access, bool json);

using add_command = void(CLI::App& program, chosen_command& chosen);

/// One worker, until an order to stop.
add_command add_run;
/// A program that embeds partita.
add_command add_guard;
/// A whole group in this process.
add_command add_dev;
/// What a group does.
add_command add_look, add_page;
/// What a group would do.
add_command add_plan;
/// The partitions of a bucket: `list`, `add` and so on.
add_command add_partitions;
/// What operators want of a group: `drain`, `cordon`, `pin` and so on.
add_command add_directives;
/// The buckets of a new group.
add_command add_init;
/// `buckets check` and `update`.
add_command add_buckets;
/// `stream check` and `init`.
add_command add_stream;
add_command add_check_config;

/// With their headings, in the order of the help.
// clang-format off
inline constexpr std::pair<const char*, add_command*> all_commands[] = {
    {"Run", add_run},
    {"Run", add_dev},
    {"Run", add_guard},
    {"Look", add_page},
    {"Look", add_look},
    {"Look", add_plan},
    {"Change", add_directives},
    {"Change", add_partitions},
    {"Change", add_init},
    {"Change", add_stream},
    {"Check", add_check_config},
    {"Check", add_buckets},
};
// clang-format on

} // namespace partita::app
