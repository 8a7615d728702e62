// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE actors.deadline

#include "work_fixture.hpp"

#include "partita/actors/deadline_observer.hpp"
#include "partita/actors/sources/static_source.hpp"
#include "partita/actors/supervisor/supervisor.hpp"
#include "partita/store/memory/memory_store.hpp"

#include <caf/actor_system_config.hpp>
#include <caf/scoped_actor.hpp>

#include <atomic>
#include <future>
#include <thread>

#include <sys/wait.h>
#include <unistd.h>

using namespace partita;
using namespace partita::test;

namespace {

/// Records what a worker reports to its deadline observer.
struct spy : deadline_observer {
  std::string worker;
  std::optional<core::time_point> deadline;
  std::size_t extensions = 0;
  std::size_t stops = 0;
  std::vector<core::used_nonce> nonces;

  void must_stop_by(const std::string& who, core::time_point when) override {
    CAF_CHECK(worker.empty() || worker == who);
    worker = who;
    deadline = when;
    ++extensions;
  }

  void stopped(const std::string& who) override {
    CAF_CHECK(worker.empty() || worker == who);
    deadline.reset();
    ++stops;
  }

  void used(const core::used_nonce& x) override { nonces.push_back(x); }

  std::string newest(core::nonce_use use) const {
    std::string result;
    for (const auto& x : nonces)
      if (x.use == use && x.who.value == "worker-0")
        result = x.value.value;
    return result;
  }
};

struct fixture : work_fixture {
  std::shared_ptr<spy> observer = std::make_shared<spy>();

  fixture() { base.on_deadline = observer; }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(deadline_tests, fixture)

CAF_TEST(each acknowledged heartbeat moves the deadline to the end of the ttl) {
  work();
  CAF_REQUIRE(observer->deadline);
  auto before = observer->extensions;
  pass(10s);
  CAF_CHECK_GREATER(observer->extensions, before + 3);
  // Counts from the send of the heartbeat: the ttl, less at most two intervals, is left.
  auto left = *observer->deadline - sched.clock().now();
  CAF_CHECK(left <= base.heartbeat.ttl);
  CAF_CHECK(left > base.heartbeat.ttl - 2 * base.heartbeat.interval);
  CAF_CHECK_EQUAL(observer->stops, 0u);
}

CAF_TEST(a lost session is confirmed once all work has stopped) {
  work();
  d.quick = false;
  auto allowed = *observer->deadline;
  store_away(true);
  pass(base.heartbeat.ttl - base.heartbeat.ttl / 16);
  CAF_REQUIRE_EQUAL(d.lost.size(), 1u);
  CAF_CHECK_EQUAL(observer->stops, 0u);
  CAF_REQUIRE(observer->deadline);
  CAF_CHECK(*observer->deadline <= allowed + base.heartbeat.interval);
  stop_work();
  pass(10ms);
  CAF_CHECK_EQUAL(observer->stops, 1u);
  CAF_CHECK(!observer->deadline);
  store_away(false);
  pass(5s);
  CAF_MESSAGE("and a new one begins");
  CAF_CHECK(observer->deadline);
}

CAF_TEST(a worker that leaves has no deadline while it says goodbye) {
  work();
  leave(leave_mode::stop);
  CAF_CHECK(!observer->deadline);
  CAF_CHECK_GREATER(observer->stops, 0u);
}

CAF_TEST(each nonce is told and before the first write that bears it) {
  base.election.lease = 10s;
  begin();
  pass(20s);
  auto claimed =
      std::get<claim>(claim_from(read(make("g-stableid", 90s), "worker-0").value));
  CAF_CHECK_EQUAL(observer->newest(core::nonce_use::claim), claimed.nonce.value);
  CAF_CHECK_EQUAL(observer->newest(core::nonce_use::heartbeat), present().nonce.value);
  auto leads =
      std::get<leader_entry>(leader_from(read(make("g-election", 30h), "leader").value));
  CAF_CHECK_EQUAL(leads.worker_id.value, "worker-0");
  CAF_CHECK_EQUAL(observer->newest(core::nonce_use::leader), leads.nonce.value);
  CAF_MESSAGE("the next incarnation before it can send a heartbeat");
  auto before = present().nonce;
  auto beat = present();
  beat.nonce = {"other"};
  put(beats, "heartbeat.worker-0", to_text(beat));
  pass(5s);
  CAF_CHECK(present().nonce.value == "other");
  CAF_CHECK_NOT_EQUAL(observer->newest(core::nonce_use::heartbeat), before.value);
}

CAF_TEST(the goodbye that keeps partitions is told before it is written) {
  work();
  leave(leave_mode::restart);
  CAF_CHECK(present().state == beat_state::restarting);
  CAF_CHECK_EQUAL(observer->newest(core::nonce_use::restart), present().nonce.value);
}

CAF_TEST(a worker that stops tells of no restart) {
  work();
  leave(leave_mode::stop);
  CAF_CHECK(observer->newest(core::nonce_use::restart).empty());
}

CAF_TEST(without exclusive ownership there is no deadline) {
  base.group.ownership = ownership::available;
  work();
  pass(10s);
  CAF_CHECK_EQUAL(observer->extensions, 0u);
}

CAF_TEST_FIXTURE_SCOPE_END()

CAF_TEST(a deadline that passes without a confirmation calls once and no other calls) {
  std::promise<std::string> first;
  std::atomic<int> calls{0};
  auto observer = call_at_deadline([&](const std::string& who) {
    if (++calls == 1)
      first.set_value(who);
  });
  auto now = worker_clock::boottime();
  observer->must_stop_by("stopped", now + 15ms);
  observer->stopped("stopped");
  observer->must_stop_by("moved", now + 10ms);
  observer->must_stop_by("moved", now + 1h);
  observer->must_stop_by("missed", now + 20ms);
  auto called = first.get_future();
  CAF_REQUIRE(called.wait_for(20s) == std::future_status::ready);
  CAF_CHECK(worker_clock::boottime() >= now + 20ms);
  CAF_CHECK(called.get() == "missed");
  observer.reset();
  CAF_CHECK(calls == 1);
}

namespace {

constexpr std::chrono::milliseconds ttl = 2s;

/// Ends the process at a deadline, and lets the host see what that is.
struct noting : deadline_observer {
  std::shared_ptr<deadline_observer> end = end_process_at_deadline();
  std::atomic<std::int64_t> until{0};

  void must_stop_by(const std::string& who, core::time_point when) override {
    end->must_stop_by(who, when);
    until = when.time_since_epoch().count();
  }
  void stopped(const std::string& who) override { end->stopped(who); }
};

/// Works in the same process as a worker, until the process ends: each turn writes until when
/// it was allowed to work, and when that turn was. Blocks all threads of the actor system.
[[noreturn]] void work_in_a_host_that_blocks(int to) {
  caf::actor_system_config config;
  config.set("scheduler.max-threads", std::size_t{2});
  caf::actor_system sys{config};
  auto store = spawn_memory_store(sys);
  auto options = group_fixture::options();
  options.heartbeat.ttl = ttl;
  options.heartbeat.interval = 200ms;
  options.clock = worker_clock{};
  auto noted = std::make_shared<noting>();
  options.on_deadline = noted;
  auto& until = noted->until;
  auto worker = spawn_supervisor(sys, options, store,
                                 spawn_static_source(sys, numbered_partitions(2)),
                                 listener_actor{});
  auto begun = worker_clock::boottime();
  auto blocked = false;
  for (;;) {
    auto now = worker_clock::boottime();
    if (!blocked && until != 0 && now > begun + ttl) {
      blocked = true;
      // Not a wait: the host that the test is about.
      for (int i = 0; i < 2; ++i)
        sys.spawn([] { std::this_thread::sleep_for(10s); });
    }
    std::array<std::int64_t, 2> turn{until, now.time_since_epoch().count()};
    if (until != 0 && ::write(to, turn.data(), sizeof(turn)) < 0)
      ::_exit(99);
    // The work itself; it ends with the process.
    std::this_thread::sleep_for(1ms);
  }
}

} // namespace

CAF_TEST(a host that blocks all threads of its actor system ends at its deadline) {
  std::array<int, 2> ends{};
  CAF_REQUIRE_EQUAL(::pipe(ends.data()), 0);
  auto pid = ::fork();
  if (pid == 0)
    work_in_a_host_that_blocks(ends[1]);
  ::close(ends[1]);
  std::array<std::int64_t, 2> turn{};
  std::int64_t allowed = 0;
  std::int64_t worked = 0;
  while (::read(ends[0], turn.data(), sizeof(turn))
         == static_cast<ssize_t>(sizeof(turn))) {
    allowed = turn[0];
    worked = turn[1];
  }
  ::close(ends[0]);
  auto status = 0;
  ::waitpid(pid, &status, 0);
  CAF_REQUIRE(WIFEXITED(status));
  auto code = WEXITSTATUS(status);
  CAF_MESSAGE("exit code " << code);
  CAF_CHECK(code == 1);
  CAF_CHECK(worked > 0);
  // Others start a twentieth of the ttl after it.
  std::chrono::nanoseconds late{worked - allowed};
  CAF_MESSAGE("its last turn was " << late.count() / 1'000'000
                                   << " ms after its deadline");
  CAF_CHECK(late < ttl / 20);
}
