// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/app/inspect/group_reader.hpp"
#include "partita/app/output/event_log.hpp"
#include "partita/app/process/exit_codes.hpp"
#include "partita/config/load.hpp"
#include "partita/core/leader/plans/planning_view.hpp"
#include "partita/messages/interfaces.hpp"

#include <caf/scoped_actor.hpp>

#include <chrono>
#include <functional>
#include <string>
#include <vector>

namespace CLI {
class App;
class Option;
} // namespace CLI

/// What all commands share that talk to a group's store and run no worker.
namespace partita::app {

/// The part of the command line that says which settings count.
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

/// The settings in effect. If something is wrong, every mistake is printed to stderr and the
/// command ends. `to_run`: partitions and the programs of hooks must be there.
config::settings load(const settings_flags& flags, bool to_run);

/// `section.key=value` from text that a person typed: `value` as it is.
std::vector<std::string> overrides_of(const settings_flags& flags);

struct group_flags {
  settings_flags settings;
  bool json = false;
  std::string timeout = "5s";
};

/// -c, --set, --url, --group, --json and --timeout. What `flags` holds is the default.
void add_group_flags(CLI::App& command, group_flags& flags);
void add_timeout(CLI::App& command, group_flags& flags);

/// Whether the command line says which group is meant.
bool names_a_group(const group_flags& flags);

/// What a command works with.
struct group_access {
  config::settings settings;
  /// How long the store may take, for the whole command or for what follows after it.
  std::chrono::milliseconds limit{0};
  std::chrono::steady_clock::time_point deadline;
  caf::scoped_actor& self;
  store_actor store;

  std::chrono::milliseconds left() const { return left_until(deadline); }
};

/// Those of a leader with these settings.
core::planning_view::rules rules_of(const config::settings& x);

/// Says on stderr that a group without a bucket of elections does not exist, and what it may be
/// named instead (hint_at_group): for commands that work all the same.
void note_absent_group(group_access& access);

/// What the group's buckets hold now. The command ends if they cannot be read.
group_entries read_entries(group_access& access);

/// Thrown to end a command, after the reason was printed to stderr; caught by end_code.
struct command_ended {
  exit_code code;
};

/// The exit code of `command`, or that with which it was ended.
int end_code(const std::function<int()>& command);

/// Says why not on stderr; the result is exit_failed.
exit_code fail(const std::string& why);
/// The same, with exit_usage.
exit_code refuse(const std::string& why);

/// `x`; if that says why there is none, the command ends with this reason.
template <class T>
T require(std::variant<T, std::string> x) {
  if (const auto* why = std::get_if<std::string>(&x))
    throw command_ended{fail(*why)};
  return std::get<T>(std::move(x));
}

/// Writes to stdout; the exit code.
exit_code print(const std::string& text);

/// A duration above 0; bad usage if it is none.
std::chrono::milliseconds duration_flag(const char* flag, const std::string& text);

/// The log of --events; null if `path` is empty. Bad usage if it cannot be written.
std::shared_ptr<event_log> open_events(const std::string& path, const std::string& group);

/// Connects, and calls `work`; the exit code is its. While it runs, SIGTERM and SIGINT send a
/// stop_worker to `self` if `stoppable` is set.
int with_store(config::settings settings, std::chrono::milliseconds limit,
               const std::string& name, const std::function<int(group_access&)>& work,
               bool stoppable = false);

/// Loads the settings, connects, and calls `work`; the exit code is its. `name` is how the
/// server's monitoring shows the connection. Logs nothing.
int with_group(const group_flags& flags, const std::string& name,
               const std::function<int(group_access&)>& work, bool stoppable = false);

} // namespace partita::app
