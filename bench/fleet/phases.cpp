// SPDX-License-Identifier: Apache-2.0
#include "phases.hpp"

#include <signal.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <thread>

namespace partita::bench {

using namespace std::chrono_literals;

namespace {

/// perf, attached to a process for as long as this exists.
class profiler {
public:
  profiler(const std::string& directory, const std::string& phase, pid_t pid) {
    if (directory.empty() || pid == 0)
      return;
    std::filesystem::create_directories(directory);
    perf_ = std::make_unique<process>(
        std::vector<std::string>{"/usr/bin/perf", "record", "-q", "-F", "499", "-g",
                                 "--call-graph", "dwarf,16384", "-p", std::to_string(pid),
                                 "-o", directory + "/" + phase + ".data"},
        directory + "/perf.log");
  }
  profiler(const profiler&) = delete;
  profiler& operator=(const profiler&) = delete;

  ~profiler() {
    if (!perf_)
      return;
    // It writes its file when it is interrupted, and ends its output after that.
    kill(perf_->pid(), SIGINT);
    while (perf_->running()) {
      perf_->lines();
      std::this_thread::sleep_for(20ms);
    }
  }

private:
  std::unique_ptr<process> perf_;
};

/// CPU time of the leader's process and of the server, from one moment on.
class meter {
public:
  explicit meter(const fleet& x) : fleet_{x}, server_before_{server_now()} {
    for (auto pid : x.processes())
      before_[pid] = cpu_seconds(pid);
  }

  /// Of the process that has the leader now, which may be another one than before.
  double leader() const { return used_by(fleet_.leader_process()); }

  /// Of all that still run.
  double workers() const {
    double result = 0;
    for (auto pid : fleet_.processes())
      result += used_by(pid);
    return result;
  }

  double server() const { return server_now() - server_before_; }

private:
  double used_by(pid_t pid) const {
    auto known = before_.find(pid);
    return cpu_seconds(pid) - (known == before_.end() ? 0 : known->second);
  }

  double server_now() const { return cpu_seconds(fleet_.server_process()); }

  const fleet& fleet_;
  std::map<pid_t, double> before_;
  double server_before_;
};

class runner {
public:
  runner(const fleet_options& all, const phase_options& phases, results& into)
      : options_{phases},
        into_{into},
        partitions_{all.partitions},
        name_{std::to_string(all.workers) + " x " + std::to_string(all.partitions)
              + (all.program      ? " processes"
                 : all.hosts == 1 ? " in one process"
                                  : "")},
        fleet_{all} {}

  void run(const std::string& phase);

private:
  /// Does what the phase begins with; returns when.
  std::int64_t begin(const std::string& phase);
  std::int64_t flood();
  void keep(const std::string& phase, const std::string& what, double value,
            const std::string& unit);
  void report(const std::string& phase, std::int64_t since, const meter& used);
  void rest(const meter& used, const std::string& phase);
  void report_memory(const std::string& phase);

  phase_options options_;
  results& into_;
  std::size_t partitions_;
  std::string name_;
  std::size_t phases_ = 0;
  fleet fleet_;
};

void runner::run(const std::string& phase) {
  if (phase == "crash" && !fleet_.survives_its_leader()) {
    std::fprintf(stderr, "no crash: all workers are in the leader's process\n");
    return;
  }
  fleet_.begin_phase();
  meter used{fleet_};
  profiler perf{options_.profiles, std::to_string(++phases_) + '-' + phase,
                fleet_.leader_process()};
  if (phase == "idle")
    return rest(used, phase);
  auto since = now_ns();
  try {
    since = begin(phase);
    fleet_.wait_until_even();
  } catch (const std::exception&) {
    keep(phase, "failed", 1, "");
    report(phase, since, used);
    throw;
  }
  report(phase, since, used);
}

std::int64_t runner::begin(const std::string& phase) {
  if (phase == "flood")
    return flood();
  auto now = now_ns();
  if (phase == "cold")
    fleet_.start();
  else if (phase == "join")
    fleet_.add_worker();
  else if (phase == "crash")
    now = fleet_.kill_leader();
  else
    fleet_.remove_workers(phase == "leave" ? 1 : options_.leaving);
  return now;
}

std::int64_t runner::flood() {
  auto now = now_ns();
  // A thousandth more each time.
  for (std::size_t i = 1; i <= options_.changes; ++i) {
    fleet_.set_partitions(partitions_ + i * std::max<std::size_t>(partitions_ / 1000, 1));
    fleet_.listen(options_.between);
  }
  return now;
}

void runner::rest(const meter& used, const std::string& phase) {
  fleet_.listen(options_.idle);
  auto seconds = static_cast<double>(options_.idle.count());
  keep(phase, "CPU of the leader's process", 100 * used.leader() / seconds, "%");
  keep(phase, "CPU of all workers", 100 * used.workers() / seconds, "%");
  keep(phase, "CPU of the server", 100 * used.server() / seconds, "%");
  keep(phase, "sessions lost", static_cast<double>(fleet_.sessions_lost()), "");
  report_memory(phase);
}

void runner::report(const std::string& phase, std::int64_t since, const meter& used) {
  auto x = fleet_.end_phase();
  auto count = [&](const char* what, std::size_t n) {
    keep(phase, what, static_cast<double>(n), "");
  };
  keep(phase, "applied", static_cast<double>(x.last_ns - since) / 1e9, "s");
  count("moved", x.moved);
  count("sessions lost", fleet_.sessions_lost());
  count("overlaps", x.overlaps);
  keep(phase, "gap p50", percentile(x.gaps_ms, 50), "ms");
  keep(phase, "gap p95", percentile(x.gaps_ms, 95), "ms");
  keep(phase, "gap max", percentile(x.gaps_ms, 100), "ms");
  keep(phase, "CPU of the leader's process", used.leader(), "s");
  keep(phase, "CPU of all workers", used.workers(), "s");
  keep(phase, "CPU of the server", used.server(), "s");
  report_memory(phase);
}

void runner::report_memory(const std::string& phase) {
  double sum = 0;
  for (auto pid : fleet_.processes())
    sum += peak_mib(pid);
  keep(phase, "peak memory of the leader's process", peak_mib(fleet_.leader_process()),
       "MiB");
  keep(phase, "peak memory of all", sum, "MiB");
}

void runner::keep(const std::string& phase, const std::string& what, double value,
                  const std::string& unit) {
  std::printf("%-44s %-36s %12.3f %s\n", (name_ + "/" + phase).c_str(), what.c_str(),
              value, unit.c_str());
  std::fflush(stdout);
  into_.add(name_ + "/" + phase + "/" + what, value, unit);
}

} // namespace

const std::vector<std::string>& all_phases() {
  static const std::vector<std::string> result{"cold",  "join", "leave", "leave_many",
                                               "flood", "idle", "crash"};
  return result;
}

void run_phases(const fleet_options& fleet, const phase_options& phases, results& into) {
  runner all{fleet, phases, into};
  for (const auto& phase : phases.phases)
    all.run(phase);
}

} // namespace partita::bench
