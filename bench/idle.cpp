// SPDX-License-Identifier: Apache-2.0
// What idle workers cost: CPU as a share of one core and resident memory, at the default
// timings, on a nats-server of its own.
//
//   build/bin/partita-bench-idle [--json FILE] [SECONDS] [WORKERS]
//
// Measures one `partita run` process, one that serves HTTP, one with an application as
// its child and hooks, then each of a group of five (a leader, three standbys that probe
// it, and one more), then one process with WORKERS workers (200), each for SECONDS (20)
// once all are idle.

#include "results.hpp"

#include "../tests/support/nats_server.hpp"

#include "partita/actors/sources/static_source.hpp"
#include "partita/actors/supervisor/supervisor.hpp"
#include "partita/app/process/runtime.hpp"
#include "partita/core/strategies/strategies.hpp"
#include "partita/store/nats/nats_store.hpp"

#include <caf/actor_system.hpp>

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace std::chrono_literals;

pid_t start(std::vector<std::string> arguments) {
  std::vector<char*> argv;
  for (auto& x : arguments)
    argv.push_back(x.data());
  argv.push_back(nullptr);
  auto pid = fork();
  if (pid == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    auto nowhere = open("/dev/null", O_WRONLY);
    dup2(nowhere, STDOUT_FILENO);
    dup2(nowhere, STDERR_FILENO);
    execv(argv[0], argv.data());
    _exit(127);
  }
  return pid;
}

/// Runs many workers in this process, with the service's own scheduler and the default
/// timings, until it is killed.
int run_workers(int n, const std::string& url) {
  partita::app::runtime_config cfg;
  caf::actor_system sys{cfg};
  partita::nats_options nats;
  nats.url = {url};
  nats.watch_heartbeat = 1s; // as the service has it
  auto store = partita::spawn_nats_store(sys, nats);
  std::vector<partita::partition> partitions;
  for (auto i = 0; i < 5 * n; ++i)
    partitions.push_back({{"p", std::to_string(i)}, 100});
  auto source = partita::spawn_static_source(sys, partitions);
  partita::worker_options options;
  options.group.name = "many";
  options.buckets = partita::bucket_options::of(options.group.name);
  options.strategy = partita::core::make_strategy({});
  std::vector<partita::supervisor_actor> workers;
  for (auto i = 0; i < n; ++i)
    workers.push_back(partita::spawn_supervisor(sys, options, store, source, {}));
  for (;;)
    pause();
}

/// What the live threads of a process have used so far.
struct usage {
  double seconds = 0;
  /// How often a thread got a core.
  double turns = 0;
};

/// From the scheduler's statistics: the times of /proc/PID/stat are counted by the timer
/// tick, which misses most short turns of an idle process or counts them as whole ticks.
usage usage_of(const std::string& process) {
  usage result;
  for (const auto& thread :
       std::filesystem::directory_iterator{"/proc/" + process + "/task"}) {
    std::ifstream in{thread.path() / "schedstat"};
    double running_ns = 0;
    double waiting_ns = 0;
    double turns = 0;
    if (!(in >> running_ns >> waiting_ns >> turns))
      throw std::runtime_error{"no " + (thread.path() / "schedstat").string()
                               + ": this kernel does not keep scheduler statistics"};
    result.seconds += running_ns / 1e9;
    result.turns += turns;
  }
  return result;
}

double resident_mib(pid_t pid) {
  std::ifstream in{"/proc/" + std::to_string(pid) + "/status"};
  for (std::string line; std::getline(in, line);)
    if (line.starts_with("VmRSS:"))
      return std::stod(line.substr(6)) / 1024;
  return 0;
}

/// The cost of a wake-up that does nothing on this machine: on a virtual one up to ten
/// times that of others, and then most of what is measured.
void measure_wake_ups() {
  constexpr int n = 500;
  auto before = usage_of("self");
  for (int i = 0; i < n; ++i)
    std::this_thread::sleep_for(10ms);
  auto now = usage_of("self");
  std::printf("a wake-up alone takes %.0f us here\n",
              1e6 * (now.seconds - before.seconds) / (now.turns - before.turns));
  std::fflush(stdout);
}

void measure(const std::string& what, const std::vector<pid_t>& processes,
             std::chrono::seconds how_long, partita::bench::results& into) {
  // A measurement of idleness has no event to wait for: it needs time to pass.
  std::this_thread::sleep_for(15s);
  std::vector<usage> before;
  for (auto pid : processes)
    before.push_back(usage_of(std::to_string(pid)));
  std::this_thread::sleep_for(how_long);
  auto seconds = static_cast<double>(how_long.count());
  for (std::size_t i = 0; i < processes.size(); ++i) {
    auto now = usage_of(std::to_string(processes[i]));
    auto share = 100 * (now.seconds - before[i].seconds) / seconds;
    auto turns = (now.turns - before[i].turns) / seconds;
    auto memory = resident_mib(processes[i]);
    std::printf("%-30s %6.2f %% of a core  %6.0f wake-ups/s  %6.1f MiB resident\n",
                what.c_str(), share, turns, memory);
    auto name = what + (processes.size() > 1 ? " " + std::to_string(i) : "");
    into.add(name + "/CPU", share, "%");
    into.add(name + "/wake-ups per second", turns, "");
    into.add(name + "/resident memory", memory, "MiB");
  }
  std::fflush(stdout);
  for (auto pid : processes)
    kill(pid, SIGKILL);
  for (auto pid : processes)
    waitpid(pid, nullptr, 0);
}

} // namespace

int main(int argc, char** argv) {
  if (argc == 4 && argv[1] == std::string{"--many"})
    return run_workers(std::stoi(argv[2]), argv[3]);
  auto json = partita::bench::take_json_path(argc, argv);
  partita::bench::results found;
  auto seconds = std::chrono::seconds{argc > 1 ? std::stoi(argv[1]) : 20};
  auto workers = std::string{argc > 2 ? argv[2] : "200"};
  partita::test::nats_server server;
  auto config = server.dir() / "idle.toml";
  std::ofstream{config} << "[group]\nname = \"idle\"\n[nats]\nurl = \"" << server.url()
                        << "\"\n[partitions]\nprefix = \"p\"\ncount = 32\n";
  auto run = [&](const std::vector<std::string>& more = {}) {
    std::vector<std::string> all{PARTITA_PROGRAM, "run", "-c", config.string()};
    all.insert(all.end(), more.begin(), more.end());
    return start(all);
  };
  measure_wake_ups();
  measure("one worker process", {run()}, seconds, found);
  measure("one with HTTP", {run({"--set", "http.listen=127.0.0.1:0"})}, seconds, found);
  // The child is served HTTP, too, so this has all that a sidecar can have.
  measure("one with a child and hooks",
          {run({"--set", "hooks.assigned=true", "--set", "hooks.revoked=true", "--set",
                "hooks.state=true", "--", "sleep", "infinity"})},
          seconds, found);
  measure("one of five, each a process", {run(), run(), run(), run(), run()}, seconds,
          found);
  measure(workers + " workers in one process",
          {start({"/proc/self/exe", "--many", workers, server.url()})}, seconds, found);
  found.write(json);
}
