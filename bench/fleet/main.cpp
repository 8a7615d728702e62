// SPDX-License-Identifier: Apache-2.0
// What a group of N workers and P partitions does when workers and partitions come and go, on
// a nats-server of its own: how long until a change is applied everywhere, how long each
// partition that moves has no owner, sessions lost, CPU and memory.
//
//   build/bin/partita-bench-fleet --workers 200 --partitions 100000 --json fleet.json
//
// The workers are those of the library, in several processes (--hosts), of which the first
// has the leader alone, so that CPU and memory are the leader's own; or each is a `partita
// run` (--processes). Phases, in the order given:
//
//   cold        from the start of the first process to the first owner of each partition; a
//               new group waits for heartbeat.ttl and 5 % before it grants anything
//   join        one more worker
//   leave       one worker drains; leave_many: --leaving of them at once
//   flood       the list of partitions changes --changes times, 100 ms apart
//   idle        nothing happens for --idle seconds
//   crash       SIGKILL for the leader's process (and for its guard)
//
// Settings are the defaults, but a group plans once all its workers are there, and
// rebalance.min_interval is 0. Only a flood includes rebalance.settle_time (1 s).

#include "host.hpp"
#include "phases.hpp"

#include <CLI/CLI.hpp>

#include <signal.h>

#include <cstdio>
#include <exception>

namespace {

using namespace partita::bench;

struct arguments {
  std::string host_config;
  fleet_options fleet;
  phase_options phases;
  std::string json;
  int patience_s = 300;
  int idle_s = 20;
};

void describe(CLI::App& app, arguments& x) {
  app.add_option("--host", x.host_config)->group("");
  app.add_option("--workers", x.fleet.workers)->check(CLI::PositiveNumber);
  app.add_option("--partitions", x.fleet.partitions)->check(CLI::PositiveNumber);
  app.add_option("--hosts", x.fleet.hosts, "Processes that share the workers")
      ->check(CLI::PositiveNumber);
  app.add_flag("--processes", x.fleet.program, "Each worker is a `partita run`");
  app.add_option("--set", x.fleet.settings, "A line of TOML, as 'heartbeat.ttl=\"9s\"'");
  app.add_option("--phases", x.phases.phases)
      ->delimiter(',')
      ->check(CLI::IsMember{all_phases()});
  app.add_option("--leaving", x.phases.leaving, "How many leave in leave_many");
  app.add_option("--changes", x.phases.changes, "How many changes a flood has");
  app.add_option("--idle", x.idle_s, "Seconds");
  app.add_option("--patience", x.patience_s, "Seconds that one phase may take");
  app.add_option("--profiles", x.phases.profiles, "Directory for profiles by perf");
  app.add_option("--json", x.json, "File for the results");
}

int measure(arguments& x) {
  // One that dies is noticed by the end of its output.
  signal(SIGPIPE, SIG_IGN);
  x.fleet.patience = std::chrono::seconds{x.patience_s};
  x.phases.idle = std::chrono::seconds{x.idle_s};
  if (x.phases.phases.empty())
    x.phases.phases = all_phases();
  results all;
  auto failed = false;
  try {
    run_phases(x.fleet, x.phases, all);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "%s\n", e.what());
    failed = true;
  }
  all.write(x.json);
  return failed ? 1 : 0;
}

} // namespace

int main(int argc, char** argv) {
  arguments x;
  CLI::App app{"Measures a group of many workers."};
  describe(app, x);
  CLI11_PARSE(app, argc, argv);
  try {
    return x.host_config.empty() ? measure(x) : run_host(x.host_config);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
  }
}
