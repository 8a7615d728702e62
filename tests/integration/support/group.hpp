// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "journal.hpp"

#include "../../support/nats_cluster.hpp"
#include "../../support/nats_server.hpp"
#include "../../support/tcp_proxy.hpp"

#include <filesystem>
#include <memory>
#include <thread>

namespace partita::test {

/// The timings of a test's group, short but with room for a busy machine.
struct timings {
  std::chrono::milliseconds lease = 1000ms;
  std::chrono::milliseconds beat = 250ms;
  std::chrono::milliseconds ttl = 1500ms;
  std::chrono::milliseconds id_ttl = 4000ms;
  std::chrono::milliseconds cold_start_window = 3s;
  std::chrono::milliseconds planned_scale_window = 1s;
  std::chrono::milliseconds settle = 250ms;
  std::chrono::milliseconds min_interval = 500ms;
  std::chrono::milliseconds request = 250ms;
  std::chrono::milliseconds startup = 20s;
  std::uint32_t replicas = 1;
  std::chrono::milliseconds handoff_timeout = 10s;
  std::chrono::milliseconds restart_hold = 5s;
  std::uint32_t id_max = 99;
  std::size_t partitions = 24;
  /// What stands in [partitions], instead of that many numbered ones.
  std::string source = {};
};

/// The times that a group has by default for sessions, leaders, ids and requests; those for
/// planning stay short.
inline timings default_timings() {
  timings result;
  result.lease = 3s;
  result.beat = 1s;
  result.ttl = 6s;
  result.id_ttl = 30s;
  result.request = 500ms;
  return result;
}

/// One process of a group.
class worker_process {
public:
  /// Starts `program` with these arguments; its events (stdout) go to `to` under `name`.
  worker_process(std::string name, const std::string& program,
                 std::vector<std::string> arguments, journal& to,
                 const std::filesystem::path& log);
  worker_process(const worker_process&) = delete;
  worker_process& operator=(const worker_process&) = delete;
  /// Kills it if it still runs.
  ~worker_process();

  /// To the process that was started: the guard, if it has one.
  void signal(int number) const;
  /// That process, and the worker below it; the same without a guard.
  pid_t pid() const { return pid_; }
  pid_t worker() const;
  /// Stops the worker and waits until the kernel says so.
  void freeze() const;
  /// Waits for its end, which was asked for; its exit code, or -1 if a signal ended it.
  int wait();

private:
  void read_events(int fd, journal& to);

  std::string name_;
  pid_t pid_ = 0;
  std::thread reader_;
};

/// A group of worker processes on a nats-server or a cluster of its own.
class process_group {
public:
  explicit process_group(timings with = {});
  /// On a cluster; replicas is set to its size.
  process_group(timings with, std::unique_ptr<test::nats_cluster> cluster);
  ~process_group();

  /// Starts a worker process. A worker of the same name and instance comes back later.
  /// `more`: further arguments.
  void start(const std::string& name, const std::vector<std::string>& more = {});
  /// Workers that start from now on run this program instead of the one that was built.
  void use_program(const std::string& path);
  /// Workers that start from now on have a proxy of their own between them and the server.
  void use_proxies() { with_proxies_ = true; }
  tcp_proxy& proxy(const std::string& name) { return *proxies_.at(name); }
  /// Workers that start from now on run in this network namespace; empty: in ours.
  void use_network(const std::string& name) { network_ = name; }
  void start_many(std::size_t count);
  /// Workers that start from now on have no guard: they are there again after they were stopped
  /// for longer than a session.
  void without_guard() { with_guard_ = false; }
  /// kill -9 of the worker; returns once it and its guard are gone.
  void kill(const std::string& name);
  const worker_process& process(const std::string& name) const {
    return *processes_.at(name);
  }
  void signal(const std::string& name, int number) {
    processes_.at(name)->signal(number);
  }
  /// SIGTERM; returns its exit code.
  int stop(const std::string& name);
  /// SIGTERM, without waiting.
  void tell_to_stop(const std::string& name);
  /// Waits for the end of one that was asked to stop, or worked on nothing any more from
  /// `since_ns` of the wall clock on.
  int wait_for_end(const std::string& name, std::int64_t since_ns = 0);
  /// Stops the worker (SIGSTOP); returns once it does nothing any more.
  void freeze(const std::string& name);
  void thaw(const std::string& name);
  std::size_t size() const { return processes_.size(); }

  test::nats_server& server() { return *server_; }
  test::nats_cluster& cluster() { return *cluster_; }
  test::journal& journal() { return journal_; }
  const test::journal& journal() const { return journal_; }
  const timings& with() const { return timings_; }
  std::string config_file() const;
  /// How many partitions the group has from now on.
  void expect_partitions(std::size_t count) { timings_.partitions = count; }
  /// What the worker's log says.
  std::string log(const std::string& name) const;

  /// Waits until the group has come to rest with the workers that run.
  bool rest(std::chrono::milliseconds at_most = 30s);
  /// The same, or throws with all that was said.
  void require_rest();
  /// Kills the leader; how long it took until another one led. Throws if none does.
  std::chrono::milliseconds fail_over();
  /// Freezes the leader until another one leads and has said so; who was frozen. Throws if
  /// none does. Tests ask the journal for this and not a worker over HTTP: the journal may
  /// read of a new leader later, and would take the old one for the only one.
  std::string overtake_leader();
  /// Some worker that does not lead.
  std::string a_follower() const;
  // By value: the test framework keeps references to what it compares.
  std::string leader() const { return leader_of(journal_.now()); }
  std::string id_of(const std::string& name) const { return journal_.now().at(name).id; }
  /// Of its newest calculator.
  std::uint64_t epoch_of(const std::string& name) const {
    return journal_.now().at(name).adopted.back();
  }

private:
  void write_config() const;
  const std::filesystem::path& dir() const;
  std::string urls() const;

  timings timings_;
  /// One of the two.
  std::unique_ptr<test::nats_server> server_;
  std::unique_ptr<test::nats_cluster> cluster_;
  test::journal journal_;
  std::string program_ = PARTITA_PROGRAM;
  /// Whether that program has a guard; an older one may have none.
  bool guards_ = true;
  std::string network_;
  bool with_proxies_ = false;
  bool with_guard_ = true;
  std::map<std::string, std::unique_ptr<tcp_proxy>> proxies_;
  std::map<std::string, std::int64_t> frozen_;
  std::map<std::string, std::unique_ptr<worker_process>> processes_;
};

} // namespace partita::test
