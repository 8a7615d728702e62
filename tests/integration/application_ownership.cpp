// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE integration.application_ownership

#include "support/application.hpp"

#include "../support/eventually.hpp"

#include <caf/test/unit_test.hpp>

#include <csignal>
#include <fstream>

// Judged by the applications alone: each says when its own work begins and ends. Whatever
// is killed or stopped beside it, no two work on one partition, but for a process that was
// stopped, in its first turn.
using namespace partita::test;

namespace {

const std::vector<std::string> python = {"python3", "examples/sidecar/worker.py"};

timings of_twelve() {
  timings result;
  result.partitions = 12;
  return result;
}

/// Without guards: a stopped worker continues later (integration.guard has them).
struct fixture {
  process_group group{of_twelve()};
  work_log log{group.server().dir() / "work.log"};
  std::chrono::milliseconds longest_turn{0};

  std::string address_of(const std::string& name) { return http_address(group, name); }

  fixture() { group.without_guard(); }

  static std::vector<std::string> confirming() {
    return {"--set", "http.listen=127.0.0.1:0", "--set", "http.confirm=true",
            "--set", "http.app_ttl=1200ms"};
  }

  void start(const std::string& name) { group.start(name, confirming()); }

  /// These work on all partitions, each on some, and no other process does.
  void all_worked_on(const std::set<int>& who) {
    auto reached = log.wait(who, group.with().partitions);
    auto now = log.read();
    CAF_MESSAGE(now.violations);
    CAF_REQUIRE(now.violations.empty());
    if (!reached)
      for (const auto& [partition, pid] : now.works)
        CAF_MESSAGE(partition << " by " << pid);
    CAF_REQUIRE(reached);
  }

  void thaw(int pid) { longest_turn = std::max(longest_turn, log.thaw(pid)); }

  ~fixture() {
    CAF_MESSAGE("the longest first turn took " << longest_turn.count() << " ms");
    // The bound for it is 20 ms, on a machine that does nothing else.
    CAF_CHECK(longest_turn < 1s);
  }
};

/// Applications that are processes of their own, beside their worker.
struct beside : fixture {
  application_process other;

  beside() : other{python, (start("other"), address_of("other")), log} {}

  std::unique_ptr<application_process> victim() {
    start("a");
    auto result = std::make_unique<application_process>(python, address_of("a"), log);
    all_worked_on({result->pid(), other.pid()});
    return result;
  }
};

/// Applications that their worker starts.
struct below : fixture {
  int start_below(const std::string& name) {
    return start_application_below(group, log, name, confirming());
  }

  /// Notes its end as soon as that has come.
  void wait_for_end(int pid) {
    CAF_REQUIRE(eventually(30s, [&] { return has_ended(pid); }));
    log.died(pid);
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(beside_tests, beside)

CAF_TEST(beside a worker that is killed) {
  auto mine = victim();
  group.kill("a");
  all_worked_on({other.pid()});
}

CAF_TEST(beside a worker that is stopped) {
  auto mine = victim();
  group.freeze("a");
  all_worked_on({other.pid()});
  group.thaw("a");
  all_worked_on({mine->pid(), other.pid()});
}

CAF_TEST(an application that is killed beside its worker) {
  auto mine = victim();
  mine->kill();
  all_worked_on({other.pid()});
}

CAF_TEST(an application that is stopped beside its worker) {
  auto mine = victim();
  log.freeze(mine->pid());
  all_worked_on({other.pid()});
  thaw(mine->pid());
  all_worked_on({mine->pid(), other.pid()});
}

CAF_TEST(worker and application are killed) {
  auto mine = victim();
  group.kill("a");
  mine->kill();
  all_worked_on({other.pid()});
}

CAF_TEST(worker and application are stopped and the worker wakes first) {
  auto mine = victim();
  group.freeze("a");
  log.freeze(mine->pid());
  all_worked_on({other.pid()});
  group.thaw("a");
  thaw(mine->pid());
  all_worked_on({mine->pid(), other.pid()});
}

CAF_TEST(worker and application are stopped and the application wakes first) {
  auto mine = victim();
  group.freeze("a");
  log.freeze(mine->pid());
  all_worked_on({other.pid()});
  thaw(mine->pid());
  group.thaw("a");
  all_worked_on({mine->pid(), other.pid()});
}

CAF_TEST_FIXTURE_SCOPE_END()

CAF_TEST_FIXTURE_SCOPE(below_tests, below)

CAF_TEST(an application whose parent is killed) {
  auto other = start_below("other");
  auto mine = start_below("a");
  all_worked_on({mine, other});
  group.kill("a");
  wait_for_end(mine);
  all_worked_on({other});
}

CAF_TEST(an application whose parent is stopped) {
  auto other = start_below("other");
  auto mine = start_below("a");
  all_worked_on({mine, other});
  group.freeze("a");
  all_worked_on({other});
  group.thaw("a");
  all_worked_on({mine, other});
}

CAF_TEST(an application that is killed below its worker) {
  auto other = start_below("other");
  auto mine = start_below("a");
  all_worked_on({mine, other});
  ::kill(mine, SIGKILL);
  wait_for_end(mine);
  group.wait_for_end("a");
  all_worked_on({other});
}

CAF_TEST(an application that is stopped below its worker) {
  auto other = start_below("other");
  auto mine = start_below("a");
  all_worked_on({mine, other});
  log.freeze(mine);
  all_worked_on({other});
  thaw(mine);
  all_worked_on({mine, other});
}

CAF_TEST(parent and application are stopped and wake in either order) {
  auto other = start_below("other");
  auto mine = start_below("a");
  for (auto worker_first : {true, false}) {
    all_worked_on({mine, other});
    group.freeze("a");
    log.freeze(mine);
    all_worked_on({other});
    if (worker_first)
      group.thaw("a");
    thaw(mine);
    if (!worker_first)
      group.thaw("a");
  }
  all_worked_on({mine, other});
}

CAF_TEST_FIXTURE_SCOPE_END()

CAF_TEST_FIXTURE_SCOPE(hook_tests, fixture)

CAF_TEST(work that hooks begin and end) {
  // The worker is the application: its hooks say when work begins and ends.
  auto hook = [&](const std::string& name, int pid, const std::string& what) {
    return "hooks." + name + "=for p in $PARTITA_PARTITIONS; do echo "
           + std::to_string(pid) + ' ' + what + " $p $(date +%s%N) >>"
           + log.file().string() + "; done";
  };
  // Numbers in the place of process ids.
  auto start_with_hooks = [&](const std::string& name, int number) {
    group.start(name,
                {"--set", hook("assigned", number, "begin"), "--set",
                 hook("revoked", number, "end"), "--set", hook("lost", number, "end")});
  };
  start_with_hooks("other", 1);
  start_with_hooks("a", 2);
  all_worked_on({1, 2});
  CAF_MESSAGE("stopped: it ends what it began in its first turn");
  group.freeze("a");
  std::ofstream{log.file(), std::ios::app} << "2 frozen\n" << std::flush;
  all_worked_on({1});
  std::ofstream{log.file(), std::ios::app} << "2 thawed\n" << std::flush;
  group.thaw("a");
  all_worked_on({1, 2});
  CAF_CHECK(eventually(20s, [&] { return log.read().overtaken[2].empty(); }));
  CAF_MESSAGE("killed: no process goes on with what it began");
  group.kill("a");
  log.died(2);
  all_worked_on({1});
}

CAF_TEST_FIXTURE_SCOPE_END()
