// What workers cost that have nothing to do: CPU as a share of one core and resident
// memory, at the default timings, on a nats-server of its own.
//
//   build/bin/partita-bench-idle [SECONDS] [WORKERS]
//
// Measures one `partita run` process, then one `partita dev --nats` process with WORKERS
// workers (200), each for SECONDS (20) after it has come to rest.

#include "../tests/support/nats_server.hpp"

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
  arguments.insert(arguments.begin(), PARTITA_PROGRAM);
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

void measure(const char* what, pid_t pid, std::chrono::seconds how_long) {
  // A measurement of idleness has no event to wait for: it needs time to pass.
  std::this_thread::sleep_for(15s);
  auto before = cpu_seconds(pid);
  std::this_thread::sleep_for(how_long);
  auto used = cpu_seconds(pid) - before;
  std::printf("%-34s %6.2f %% of a core  %7.1f MiB resident\n", what,
              100 * used / static_cast<double>(how_long.count()), resident_mib(pid));
  std::fflush(stdout);
  kill(pid, SIGTERM);
  waitpid(pid, nullptr, 0);
}

} // namespace

int main(int argc, char** argv) {
  auto seconds = std::chrono::seconds{argc > 1 ? std::stoi(argv[1]) : 20};
  auto workers = std::string{argc > 2 ? argv[2] : "200"};
  partita::test::nats_server server;
  auto config = server.dir() / "idle.toml";
  std::ofstream{config} << "[group]\nname = \"idle\"\n[nats]\nurl = \"" << server.url()
                        << "\"\n[partitions]\nprefix = \"p\"\ncount = 32\n";
  measure("one worker process", start({"run", "-c", config.string()}), seconds);
  auto what = workers + " workers in one process";
  measure(what.c_str(),
          start({"dev", "--nats", "--workers", workers, "--partitions", "1000"}), seconds);
}
