// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/app/inspect/bucket_reader.hpp"
#include "partita/app/inspect/group_view.hpp"
#include "partita/app/inspect/settings_flags.hpp"
#include "partita/app/process/exit_codes.hpp"
#include "partita/core/leader/plans/planning_view.hpp"
#include "partita/messages/interfaces.hpp"

#include <caf/scoped_actor.hpp>

#include <chrono>
#include <functional>
#include <optional>
#include <string>

namespace CLI {
class App;
}

/// What all commands share that talk to a group's store and run no worker.
namespace partita::app {

struct group_flags {
  settings_flags settings;
  bool json = false;
  std::string timeout = "5s";
};

/// -c, --set, --url, --group, --json and --timeout. What `flags` holds is the default.
void add_group_flags(CLI::App& command, group_flags& flags);

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

/// What the group's buckets hold now. If they cannot be read: nothing, after the reason
/// was printed to stderr.
std::optional<group_entries> read_entries(group_access& access);

/// Says why not on stderr; the result is exit_failed.
int fail(const std::string& why);
/// The same, with exit_usage.
int refuse(const std::string& why);

/// Writes to stdout; the exit code.
int print(const std::string& text);

/// A duration above 0. If it is none: nothing, after a message on stderr.
std::optional<std::chrono::milliseconds> duration_flag(const char* flag,
                                                       const std::string& text);

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
