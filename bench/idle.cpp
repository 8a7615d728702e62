// What workers cost that have nothing to do: CPU as a share of one core and resident
// memory, at the default timings, on a nats-server of its own.
//
//   build/bin/partita-bench-idle [SECONDS] [WORKERS]
//
// Measures one `partita run` process, then each of a group of five (a leader, three in
// reserve who probe it, and one more), then one process with WORKERS workers (200), each
// for SECONDS (20) after all have come to rest.

#include "../tests/support/nats_server.hpp"

#include "partita/actors/static_source.hpp"
#include "partita/actors/supervisor.hpp"
#include "partita/app/runtime.hpp"
#include "partita/core/strategies/strategies.hpp"
#include "partita/store/nats_store.hpp"

#include <caf/actor_system.hpp>

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <sstream>
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

/// Many workers in this process, with the service's own scheduler and the default timings;
/// until it is killed.
int run_workers(int n, const std::string& url) {
  partita::app::runtime_config cfg;
  caf::actor_system sys{cfg};
  partita::nats_options nats;
  nats.urls = {url};
  nats.watch_heartbeat = 1s; // as the service has it
  auto store = partita::spawn_nats_store(sys, nats);
  std::vector<partita::partition> partitions;
  for (auto i = 0; i < 5 * n; ++i)
    partitions.push_back({{"p", std::to_string(i)}, 100});
  auto source = partita::spawn_static_source(sys, partitions);
  partita::worker_options options;
  options.group = "many";
  options.buckets = partita::bucket_options::of(options.group);
  options.strategy = partita::core::make_strategy({});
  std::vector<partita::supervisor_actor> workers;
  for (auto i = 0; i < n; ++i)
    workers.push_back(partita::spawn_supervisor(sys, options, store, source, {}));
  for (;;)
    pause();
}

/// CPU time that a process has used so far, in seconds.
double cpu_seconds(pid_t pid) {
  std::ifstream in{"/proc/" + std::to_string(pid) + "/stat"};
  std::string text{std::istreambuf_iterator<char>{in}, {}};
  // Behind the name in parentheses; user and system time are fields 14 and 15.
  std::istringstream fields{text.substr(text.rfind(')') + 2)};
  std::string skipped;
  for (int i = 3; i < 14; ++i)
    fields >> skipped;
  double user = 0;
  double system = 0;
  fields >> user >> system;
  return (user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

double resident_mib(pid_t pid) {
  std::ifstream in{"/proc/" + std::to_string(pid) + "/status"};
  for (std::string line; std::getline(in, line);)
    if (line.starts_with("VmRSS:"))
      return std::stod(line.substr(6)) / 1024;
  return 0;
}

void measure(const std::string& what, const std::vector<pid_t>& processes,
             std::chrono::seconds how_long) {
  // A measurement of idleness has no event to wait for: it needs time to pass.
  std::this_thread::sleep_for(15s);
  std::vector<double> before;
  for (auto pid : processes)
    before.push_back(cpu_seconds(pid));
  std::this_thread::sleep_for(how_long);
  for (std::size_t i = 0; i < processes.size(); ++i) {
    auto used = cpu_seconds(processes[i]) - before[i];
    std::printf("%-34s %6.2f %% of a core  %7.1f MiB resident\n", what.c_str(),
                100 * used / static_cast<double>(how_long.count()),
                resident_mib(processes[i]));
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
  auto seconds = std::chrono::seconds{argc > 1 ? std::stoi(argv[1]) : 20};
  auto workers = std::string{argc > 2 ? argv[2] : "200"};
  partita::test::nats_server server;
  auto config = server.dir() / "idle.toml";
  std::ofstream{config} << "[group]\nname = \"idle\"\n[nats]\nurl = \"" << server.url()
                        << "\"\n[partitions]\nprefix = \"p\"\ncount = 32\n";
  auto run = [&] { return start({PARTITA_PROGRAM, "run", "-c", config.string()}); };
  measure("one worker process", {run()}, seconds);
  measure("one of five, each a process", {run(), run(), run(), run(), run()}, seconds);
  measure(workers + " workers in one process",
          {start({"/proc/self/exe", "--many", workers, server.url()})}, seconds);
}
