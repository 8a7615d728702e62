// SPDX-License-Identifier: Apache-2.0
// How fast a group recovers from its leader's death, at default settings: real worker
// processes on a nats-server of their own, kill -9, events as the workers write them.
//
//   build/bin/partita-bench-failover [--json FILE] [--below-guard] [KILLS] [WORKERS...]
//
// For each number of WORKERS (3 and 20): starts that many `partita run`, and KILLS (50)
// times waits until the group is stable, kills the leader, waits until the dead
// worker's partitions all have new owners, and starts it again. Kills the leader's guard
// with it; with --below-guard, and an application, the guard lives and says goodbye for the
// leader.

#include "results.hpp"

#include "../tests/support/nats_server.hpp"

#include <nlohmann/json.hpp>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <functional>
#include <map>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using namespace std::chrono_literals;

constexpr int partitions_per_worker = 10;
/// What takes longer than this counts as failed.
constexpr auto patience = 120s;

std::int64_t wall_ns() {
  auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::nanoseconds>(now).count();
}

/// One `partita run` and its state, by its events so far.
struct worker {
  std::string name;
  pid_t pid = 0;
  int events = -1;
  std::string rest = {};
  std::string state = {};
  bool leading = false;
  std::int64_t led_since_ns = 0;
  /// Partition -> when this worker got it.
  std::map<std::string, std::int64_t> owns = {};
  bool hears_assigned = false;
  std::string failure = {};

  void take(const nlohmann::json& x);
};

void worker::take(const nlohmann::json& x) {
  auto event = x.at("event").get<std::string>();
  auto at = x.at("ts_ns").get<std::int64_t>();
  if (event == "state") {
    state = x.at("to");
  } else if (event == "leadership") {
    leading = x.at("leading");
    led_since_ns = at;
  } else if (event == "assigned") {
    // The order to work. The event `assignment` counts only where this one never comes.
    if (!std::exchange(hears_assigned, true))
      owns.clear();
    for (const auto& p : x.at("partitions"))
      owns.emplace(p.at("partition"), at);
  } else if (event == "revoked" || event == "lost") {
    for (const auto& p : x.at("partitions"))
      owns.erase(p.at("partition"));
  } else if (event == "assignment" && !hears_assigned) {
    std::map<std::string, std::int64_t> now;
    for (const auto& p : x.at("partitions")) {
      auto before = owns.find(p.get<std::string>());
      now.emplace(p, before == owns.end() ? at : before->second);
    }
    owns = std::move(now);
  } else if (event == "stopped") {
    failure = x.value("failure", "stopped");
  }
}

class group {
public:
  group(std::size_t size, bool guards_live)
      : size_{size}, guards_live_{guards_live}, config_{server_.dir() / "failover.toml"} {
    std::ofstream{config_} << "[group]\nname = \"bench\"\n[nats]\nurl = \""
                           << server_.url()
                           << "\"\n[partitions]\nprefix = \"p\"\ncount = "
                           << partition_count() << '\n';
    for (std::size_t i = 0; i < size; ++i)
      start("w" + std::to_string(i));
  }

  group(const group&) = delete;
  group& operator=(const group&) = delete;

  ~group() {
    for (auto& [name, x] : workers_)
      end(x);
  }

  std::size_t partition_count() const { return partitions_per_worker * size_; }

  void start(const std::string& name) {
    int fds[2];
    if (pipe2(fds, O_CLOEXEC) != 0)
      throw std::runtime_error{"no pipe"};
    std::vector<std::string> arguments{
        PARTITA_PROGRAM, "run", "-c",    config_.string(),
        "--events",      "-",   "--set", "worker.instance=" + name};
    if (guards_live_)
      arguments.insert(arguments.end(), {"--", "sleep", "1000000"});
    std::vector<char*> argv;
    for (auto& x : arguments)
      argv.push_back(x.data());
    argv.push_back(nullptr);
    auto log = (server_.dir() / (name + ".log")).string();
    auto pid = fork();
    if (pid == 0) {
      // Only calls that are safe between fork and exec of a program with threads.
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      dup2(fds[1], STDOUT_FILENO);
      dup2(open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644), STDERR_FILENO);
      execv(argv[0], argv.data());
      _exit(127);
    }
    close(fds[1]);
    workers_.insert_or_assign(name, worker{.name = name, .pid = pid, .events = fds[0]});
  }

  worker kill_leader() {
    auto victim = workers_.extract(leader()).mapped();
    end(victim);
    return victim;
  }

  /// Reads events until `holds` does.
  void wait(const char* what, const std::function<bool()>& holds) {
    auto until = std::chrono::steady_clock::now() + patience;
    while (!holds()) {
      auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
          until - std::chrono::steady_clock::now());
      if (left <= 0ms)
        throw std::runtime_error{std::string{"timed out waiting until "} + what + '\n'
                                 + story()};
      listen(left);
    }
  }

  /// The only leader; empty if there is none, or more than one.
  std::string leader() const {
    std::string result;
    for (const auto& [name, x] : workers_)
      if (x.leading && !std::exchange(result, name).empty())
        return {};
    return result;
  }

  /// All workers are stable, one leads, and each partition has one owner, evenly spread.
  bool rests() const {
    std::set<std::string> owned;
    for (const auto& [name, x] : workers_) {
      if (x.state != "stable" || x.owns.size() != partitions_per_worker)
        return false;
      for (const auto& [p, at] : x.owns)
        owned.insert(p);
    }
    return workers_.size() == size_ && !leader().empty()
           && owned.size() == partition_count();
  }

  /// When each of these had an owner among the live workers; 0: not yet.
  std::int64_t all_owned_at(const std::map<std::string, std::int64_t>& partitions) const {
    std::int64_t result = 1;
    for (const auto& [p, before] : partitions) {
      std::int64_t first = 0;
      for (const auto& [name, x] : workers_)
        if (auto i = x.owns.find(p); i != x.owns.end())
          first = first == 0 ? i->second : std::min(first, i->second);
      if (first == 0)
        return 0;
      result = std::max(result, first);
    }
    return result;
  }

  std::int64_t led_since() const { return workers_.at(leader()).led_since_ns; }

private:
  /// The first child of a guard.
  static pid_t worker_of(pid_t guard) {
    auto id = std::to_string(guard);
    std::ifstream in{"/proc/" + id + "/task/" + id + "/children"};
    pid_t result = 0;
    in >> result;
    return result;
  }

  void end(worker& x) const {
    auto below = worker_of(x.pid);
    // First: a worker whose guard has gone would leave in good order.
    if (!guards_live_)
      kill(x.pid, SIGSTOP);
    if (below > 0)
      kill(below, SIGKILL);
    if (!guards_live_)
      kill(x.pid, SIGKILL);
    waitpid(x.pid, nullptr, 0);
    close(x.events);
  }

  void listen(std::chrono::milliseconds at_most) {
    std::vector<pollfd> fds;
    std::vector<worker*> who;
    for (auto& [name, x] : workers_) {
      fds.push_back({x.events, POLLIN, 0});
      who.push_back(&x);
    }
    if (poll(fds.data(), fds.size(), static_cast<int>(at_most.count())) <= 0)
      return;
    for (std::size_t i = 0; i < fds.size(); ++i)
      if (fds[i].revents != 0)
        read_events(*who[i]);
  }

  void read_events(worker& x) {
    char buffer[65536];
    auto n = read(x.events, buffer, sizeof(buffer));
    if (n <= 0)
      throw std::runtime_error{x.name + " ended by itself: " + x.failure + '\n'
                               + story()};
    x.rest.append(buffer, static_cast<std::size_t>(n));
    for (auto end = x.rest.find('\n'); end != std::string::npos;
         end = x.rest.find('\n')) {
      x.take(nlohmann::json::parse(x.rest.substr(0, end)));
      x.rest.erase(0, end + 1);
    }
  }

  std::string story() const {
    std::string result;
    for (const auto& [name, x] : workers_)
      result += name + ": " + x.state + (x.leading ? ", leads, " : ", ")
                + std::to_string(x.owns.size()) + " partitions\n";
    return result;
  }

  partita::test::nats_server server_;
  std::size_t size_;
  bool guards_live_;
  std::filesystem::path config_;
  std::map<std::string, worker> workers_;
};

void measure(std::size_t workers, int kills, bool guards_live,
             partita::bench::results& into) {
  group all{workers, guards_live};
  std::vector<double> leadership;
  std::vector<double> ownership;
  auto ms = [](std::int64_t ns) { return static_cast<double>(ns) / 1e6; };
  for (int i = 0; i < kills; ++i) {
    all.wait("the group was stable", [&] { return all.rests(); });
    auto killed_ns = wall_ns();
    auto victim = all.kill_leader();
    all.wait("there was a successor", [&] { return !all.leader().empty(); });
    leadership.push_back(ms(all.led_since() - killed_ns));
    all.wait("the dead worker's partitions had owners",
             [&] { return all.all_owned_at(victim.owns) != 0; });
    ownership.push_back(ms(all.all_owned_at(victim.owns) - killed_ns));
    std::fprintf(stderr, "%zu workers, kill %d of %d: %.0f ms, %.0f ms\n", workers, i + 1,
                 kills, leadership.back(), ownership.back());
    all.start(victim.name);
  }
  auto add = [&](const char* what, const std::vector<double>& xs) {
    std::printf("%7zu  %5d  %-24s", workers, kills, what);
    for (auto [name, per_cent] : {std::pair{"p50", 50u}, {"p95", 95u}, {"max", 100u}}) {
      auto value = partita::bench::percentile(xs, per_cent);
      std::printf(" %8.0f", value);
      into.add(std::to_string(workers) + " workers" + (guards_live ? ", guard lives" : "")
                   + "/" + what + " " + name,
               value, "ms");
    }
    std::printf("\n");
  };
  add("successor leads", leadership);
  add("partitions owned", ownership);
  std::fflush(stdout);
}

} // namespace

int main(int argc, char** argv) {
  auto json = partita::bench::take_json_path(argc, argv);
  std::vector<int> numbers;
  auto guards_live = argc > 1 && std::strcmp(argv[1], "--below-guard") == 0;
  for (int i = guards_live ? 2 : 1; i < argc; ++i)
    numbers.push_back(std::atoi(argv[i]));
  if (std::any_of(numbers.begin(), numbers.end(), [](int x) { return x < 1; })) {
    std::fputs("usage: partita-bench-failover [--json FILE] [--below-guard] [KILLS] "
               "[WORKERS...]\n",
               stderr);
    return 2;
  }
  auto kills = numbers.empty() ? 50 : numbers.front();
  std::vector<int> sizes{3, 20};
  if (numbers.size() > 1)
    sizes.assign(numbers.begin() + 1, numbers.end());
  try {
    std::printf("%7s  %5s  %-24s %8s %8s %8s\n", "workers", "kills", "ms after kill -9",
                "p50", "p95", "max");
    partita::bench::results all;
    for (auto size : sizes)
      measure(static_cast<std::size_t>(size), kills, guards_live, all);
    all.write(json);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
  }
}
