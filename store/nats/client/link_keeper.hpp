// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/store/nats/client/alarm_clock.hpp"
#include "partita/store/nats/client/port_table.hpp"
#include "partita/store/nats/client/server_info.hpp"
#include "partita/store/nats/client/store_mark.hpp"

/// Internal to this directory: what is behind a connection.
namespace partita::nats {

/// The state of the link, as users are notified of it.
struct link_report {
  bool up = false;
  std::uint64_t link = 0;
  std::string why = "not connected yet";
  bool foreign = false;
  server_facts server;
  std::optional<server_info> program;
};

/// What the calls of a connection, its keeper and the library's threads share. `mutex`
/// guards `stopping` and what follows, up to `reported`. Links and the alarms, with their
/// own mutexes, may be used with it held; no sink is called with it held. The functions
/// lock it themselves, except for name_of().
struct connection_state {
  explicit connection_state(nats_options x) : options(std::move(x)) {}

  /// The link, and why there is none if that is nullptr.
  std::pair<std::shared_ptr<link>, std::string> present() {
    std::lock_guard guard{mutex};
    return {ports.link(), reported.why};
  }

  std::shared_ptr<sink> find(connection::port user) {
    std::lock_guard guard{mutex};
    return ports.find(user);
  }

  void wake_keeper() {
    std::lock_guard guard{mutex};
    changed.notify_all();
  }

  /// With the mutex held.
  std::string name_of(const std::string& process) {
    return processes.try_emplace(process, process).first->second;
  }

  const nats_options options;
  std::mutex mutex;
  /// Notified when the keeper may have something to do.
  std::condition_variable changed;
  bool stopping = false;
  port_table ports{options.inbox_prefix};
  /// Why the link is to be given up; empty: it is not.
  std::string why_left;
  /// By stream: one for each group whose workers use this connection.
  std::map<std::string, expected_mark> expected;
  /// The name of a server process, by its id: the id of the process that was in use then.
  std::map<std::string, std::string> processes;
  /// As of the last notification.
  link_report reported;

  alarm_clock alarms{[this](connection::port user) {
    if (auto x = find(user))
      x->wake();
  }};
  std::mutex joining;
  /// Runs keep_link(). Guarded by `joining`.
  std::thread keeper;
};

/// Opens a link whenever there is none, and serves the users on it until `stopping`. Waits
/// for servers, so it needs a thread of its own.
void keep_link(connection_state& state);

} // namespace partita::nats
