// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "ownership.hpp"
#include "process.hpp"

#include "../../tests/support/nats_server.hpp"

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace partita::bench {

struct fleet_options {
  std::size_t workers = 6;
  std::size_t partitions = 1000;
  /// How many processes share the workers; of more than one the first has a single worker,
  /// which becomes the first leader.
  std::size_t hosts = 2;
  /// Each worker is a `partita run` of its own instead.
  bool program = false;
  /// Lines of TOML after those of the fleet, as `heartbeat.ttl = "10s"`.
  std::vector<std::string> settings = {};
  std::chrono::seconds patience{300};
};

/// A group of workers in processes, on a nats-server of its own.
class fleet {
public:
  explicit fleet(fleet_options options);

  /// Starts the first worker, waits until it leads, and starts all others.
  void start();
  /// Starts one worker more.
  void add_worker();
  /// So many workers that do not lead leave in good order.
  void remove_workers(std::size_t n);
  /// Ends the leader's process by SIGKILL; returns when.
  std::int64_t kill_leader();
  /// Whether other workers stay when the leader's process is killed.
  bool survives_its_leader() const;
  /// Replaces the file of partitions by one that names so many.
  void set_partitions(std::size_t count);

  /// Reads events until each partition has one owner and all owners have an equal share, and
  /// every worker that was asked to leave has left.
  void wait_until_even();
  /// Reads events for so long.
  void listen(std::chrono::milliseconds how_long);

  void begin_phase();
  moves end_phase() { return owners_.end_phase(); }
  std::size_t sessions_lost() const { return sessions_lost_; }

  /// The process that has the leader.
  pid_t leader_process() const;
  pid_t server_process() const { return server_.pid(); }
  std::vector<pid_t> processes() const;
  const std::filesystem::path& dir() const { return server_.dir(); }

private:
  struct member {
    std::shared_ptr<bench::process> process;
    bool leads = false;
    bool leaves = false;
  };

  std::string config() const;
  void start_worker(std::size_t host);
  std::shared_ptr<bench::process> new_process() const;
  void wait(const char* what, const std::function<bool()>& holds);
  void listen_once(std::chrono::milliseconds at_most);
  void read(bench::process& from);
  void take(const event& x);
  std::optional<std::size_t> leader() const;
  bool even() const;
  std::string story() const;

  fleet_options options_;
  test::nats_server server_;
  std::filesystem::path partitions_file_{server_.dir() / "partitions.toml"};
  std::filesystem::path config_file_{server_.dir() / "fleet.toml"};
  /// Of the library's workers.
  std::vector<std::shared_ptr<bench::process>> hosts_;
  /// The workers that have not ended, by number.
  std::map<std::size_t, member> members_;
  std::size_t started_ = 0;
  ownership owners_;
  std::size_t partitions_ = 0;
  std::size_t sessions_lost_ = 0;
};

} // namespace partita::bench
