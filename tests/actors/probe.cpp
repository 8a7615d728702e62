// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE actors.probe

#include "../support/group_fixture.hpp"

#include "partita/actors/children.hpp"

#include <caf/event_based_actor.hpp>

#include <algorithm>
#include <optional>

using namespace partita;
using namespace std::chrono_literals;

namespace {

/// What an elector reports to its supervisor.
struct reports {
  bool leads = false;
  int times_elected = 0;
  std::string why_deposed;
};

caf::behavior take_reports(caf::event_based_actor*, std::shared_ptr<reports> to) {
  return {
      [to](const elected&) {
        to->leads = true;
        ++to->times_elected;
      },
      [to](const deposed& x) {
        to->leads = false;
        to->why_deposed = x.why;
      },
      [](const leader_seen&) {},
      [](const store_trouble&) {},
      [](const entry_invalid&) {},
  };
}

/// Processes of which each has a client of the store and an elector. The lease is 3 s, the
/// grace 100 ms, so that rank 1 follows a death after 100 to 200 ms, rank 2 after 150 to
/// 350 ms.
struct fixture : test_coordinator_fixture<> {
  struct process {
    nonce self;
    store::memory_store_actor client;
    test::fault_proxy_actor faults;
    bucket_actor bucket;
    elector_actor elector;
    std::shared_ptr<reports> heard = std::make_shared<reports>();
    caf::actor parent;
  };

  store::memory_server_actor server = store::spawn_memory_server(sys);
  std::map<std::string, process> processes;
  std::chrono::milliseconds grace = 100ms;
  /// What does not run, and the jobs of it that wait.
  std::set<caf::resumable*> frozen;
  std::vector<caf::resumable*> parked;

  ~fixture() {
    for (auto& job : parked)
      sched.jobs.push_back(job);
    parked.clear();
    frozen.clear();
    for (auto& [name, x] : processes)
      end(x);
    anon_send_exit(server, caf::exit_reason::kill);
    processes.clear();
    run_jobs();
    sched.clock().cancel_all();
  }

  // -- time -----------------------------------------------------------------------------

  void run_jobs() {
    while (!sched.jobs.empty()) {
      auto* job = sched.jobs.front();
      if (frozen.count(job) == 0) {
        sched.try_run_once();
        continue;
      }
      sched.jobs.pop_front();
      parked.push_back(job);
    }
  }

  core::time_point time() { return sched.clock().now(); }

  void pass(core::duration how_long) {
    auto end = time() + how_long;
    for (;;) {
      run_jobs();
      auto& schedule = sched.clock().schedule();
      if (schedule.empty() || schedule.begin()->first > end)
        break;
      sched.advance_time(std::max(schedule.begin()->first - time(), core::duration{0}));
    }
    sched.advance_time(std::max(end - time(), core::duration{0}));
    run_jobs();
  }

  /// How long it takes until it holds; fails if that is longer than `at_most`.
  core::duration pass_until(const std::function<bool()>& holds, core::duration at_most) {
    auto begin = time();
    while (!holds()) {
      CAF_REQUIRE(time() - begin < at_most);
      pass(1ms);
    }
    return time() - begin;
  }

  // -- processes ------------------------------------------------------------------------

  process& start(const std::string& name, std::uint32_t rank) {
    auto& x = processes[name];
    x.self = {"nonce-of-" + name};
    auto behind_proxy = test::spawn_faulty_client(sys, server);
    x.client = behind_proxy.client;
    x.faults = behind_proxy.faults;
    x.parent = sys.spawn(take_reports, x.heard);
    auto opening =
        self->request(x.client, caf::infinite, open_bucket{.name = "g-election"});
    run_jobs();
    opening.receive([&](const bucket_opened& y) { x.bucket = y.bucket; },
                    [](const caf::error&) { CAF_FAIL("no bucket"); });
    x.elector = sys.spawn(elector,
                          elector_options{.worker_id = {name},
                                          .self = x.self,
                                          .lease = 3s,
                                          .probe_grace = grace,
                                          .seed = processes.size(),
                                          .clock = worker_clock::of_actors()},
                          x.bucket,
                          caf::actor_cast<supervisor_actor>(
                              caf::actor_cast<caf::strong_actor_ptr>(x.parent)),
                          caf::actor_cast<store_actor>(x.client));
    anon_send(x.elector, stand_by{rank});
    pass(20ms);
    return x;
  }

  /// `a` leads; the others are standbys with ranks 1, 2, ... and found it alive.
  void start_group(std::size_t count) {
    start("a", 0);
    CAF_REQUIRE(processes.at("a").heard->leads);
    for (std::size_t i = 1; i < count; ++i)
      start(std::string(1, static_cast<char>('a' + i)), static_cast<std::uint32_t>(i));
    pass(10s);
    CAF_REQUIRE_EQUAL(the_leader(), "a");
  }

  void end(process& x) {
    anon_send_exit(x.elector, caf::exit_reason::kill);
    anon_send_exit(x.bucket, caf::exit_reason::kill);
    anon_send_exit(x.client, caf::exit_reason::kill);
    anon_send_exit(x.parent, caf::exit_reason::kill);
  }

  /// The process dies, its connection with it.
  void crash(const std::string& name) {
    end(processes.at(name));
    processes.erase(name);
    run_jobs();
  }

  void freeze(const std::string& name) {
    auto& x = processes.at(name);
    for (auto who : {caf::actor_cast<caf::abstract_actor*>(x.elector),
                     caf::actor_cast<caf::abstract_actor*>(x.bucket),
                     caf::actor_cast<caf::abstract_actor*>(x.client),
                     caf::actor_cast<caf::abstract_actor*>(x.parent)})
      frozen.insert(dynamic_cast<caf::resumable*>(who));
  }

  void thaw() {
    frozen.clear();
    for (auto* job : std::exchange(parked, {}))
      sched.jobs.push_back(job);
    run_jobs();
  }

  void strike(const std::string& name, test::client_fault x) {
    anon_send(processes.at(name).faults, x);
    run_jobs();
  }

  std::string the_leader() {
    std::string result;
    for (auto& [name, x] : processes)
      if (x.heard->leads)
        result += name;
    return result;
  }

  int changes() {
    int result = 0;
    for (auto& [name, x] : processes)
      result += x.heard->times_elected;
    return result;
  }

  probe_status look(const std::string& from, const std::string& whom) {
    auto asked = self->request(processes.at(from).client, caf::infinite,
                               probe{{"nonce-of-" + whom}});
    run_jobs();
    auto result = probe_status::unknown;
    asked.receive([&](const probed& x) { result = x.status; },
                  [](const caf::error&) { CAF_FAIL("no answer"); });
    return result;
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(probe_tests, fixture)

CAF_TEST(
    a crashed leader is replaced by the first standby within two and a half grace times) {
  start_group(3);
  std::string name = "z";
  for (auto phase = 0ms; phase < 150ms; phase += 7ms) {
    pass(5s + phase);
    auto victim = the_leader();
    crash(victim);
    auto took = pass_until([&] { return !the_leader().empty(); }, 400ms);
    CAF_MESSAGE(std::chrono::duration_cast<std::chrono::milliseconds>(took).count()
                << " ms");
    CAF_CHECK(took >= 100ms);
    CAF_CHECK(took <= 252ms);
    auto successor = the_leader();
    CAF_REQUIRE_EQUAL(successor.size(), 1u);
    for (auto& [other, x] : processes)
      if (other != successor)
        anon_send(x.elector, stand_by{1});
    start(name, 2);
    --name[0];
  }
}

CAF_TEST(the second standby follows a little later if the first one is dead too) {
  start_group(3);
  crash("b");
  crash("a");
  auto took = pass_until([&] { return the_leader() == "c"; }, 500ms);
  CAF_CHECK(took >= 150ms);
  CAF_CHECK(took <= 452ms);
}

CAF_TEST(a worker that is not a standby waits for the lease) {
  start("a", 0);
  start("b", 0);
  pass(10s);
  auto begin = time();
  crash("a");
  CAF_MESSAGE("the newest renewal is at most a third of the lease old");
  pass(1900ms);
  CAF_CHECK_EQUAL(the_leader(), "");
  pass_until([&] { return the_leader() == "b"; }, 3s);
  CAF_CHECK(time() - begin <= 3100ms);
}

CAF_TEST(a worker that becomes a standby late misses no leader that it never found) {
  start("a", 0);
  start("b", 0);
  pass(10s);
  crash("a");
  anon_send(processes.at("b").elector, stand_by{1});
  pass(1900ms);
  CAF_CHECK_EQUAL(the_leader(), "");
  pass(1200ms);
  CAF_CHECK_EQUAL(the_leader(), "b");
}

CAF_TEST(without a grace no leader answers probes and only the lease counts) {
  grace = 0ms;
  start_group(2);
  CAF_CHECK_EQUAL(look("b", "a"), probe_status::gone);
  crash("a");
  pass(1900ms);
  CAF_CHECK_EQUAL(the_leader(), "");
  pass(1200ms);
  CAF_CHECK_EQUAL(the_leader(), "b");
}

CAF_TEST(a frozen leader is replaced when its lease runs out and not before) {
  start_group(3);
  freeze("a");
  CAF_MESSAGE("what it wrote last is at most a third of the lease old");
  pass(1900ms);
  CAF_CHECK_EQUAL(the_leader(), "a");
  CAF_CHECK_EQUAL(changes(), 1);
  pass(1200ms);
  CAF_CHECK_EQUAL(changes(), 2);
  pass(10s);
  thaw();
  pass(1s);
  CAF_CHECK_EQUAL(the_leader().size(), 1u);
  CAF_CHECK(!processes.at("a").heard->leads);
  CAF_CHECK_EQUAL(changes(), 2);
}

CAF_TEST(a leader that was frozen for less than its lease goes on) {
  start_group(3);
  freeze("a");
  pass(1500ms);
  thaw();
  pass(10s);
  CAF_CHECK_EQUAL(the_leader(), "a");
  CAF_CHECK_EQUAL(changes(), 1);
}

CAF_TEST(a standby that was frozen while the leader lived does not miss the leader) {
  start_group(3);
  freeze("b");
  pass(20s);
  thaw();
  pass(10s);
  CAF_CHECK_EQUAL(the_leader(), "a");
  CAF_CHECK_EQUAL(changes(), 1);
}

CAF_TEST(a wrong verdict costs one change of leader and nothing else) {
  start_group(3);
  anon_send(processes.at("a").client, end_probe{processes.at("a").self});
  pass_until([&] { return the_leader() == "b"; }, 200ms);
  CAF_CHECK_EQUAL(processes.at("a").heard->why_deposed,
                  "another worker holds the leader key");
  CAF_CHECK_EQUAL(look("c", "a"), probe_status::gone);
  CAF_CHECK_EQUAL(look("c", "b"), probe_status::alive);
  pass(30s);
  CAF_CHECK_EQUAL(the_leader(), "b");
  CAF_CHECK_EQUAL(changes(), 2);
}

CAF_TEST(a leader that lost its connection is replaced and follows when it is back) {
  start_group(3);
  strike("a", {.kind = test::fault_kind::link_down});
  pass_until([&] { return processes.at("b").heard->leads; }, 202ms);
  pass(1s);
  strike("a", {.kind = test::fault_kind::link_down, .times = 0});
  pass(100ms);
  CAF_CHECK_EQUAL(the_leader(), "b");
  pass(30s);
  CAF_CHECK_EQUAL(the_leader(), "b");
  CAF_CHECK_EQUAL(changes(), 2);
}

CAF_TEST(a leader that returns from an outage after its standby keeps the leadership) {
  start_group(3);
  CAF_MESSAGE("the server was away for all of them");
  for (auto name : {"a", "b", "c"})
    strike(name, {.kind = test::fault_kind::link_down});
  pass(500ms);
  for (auto name : {"b", "c"})
    strike(name, {.kind = test::fault_kind::link_down, .times = 0});
  pass(500ms);
  strike("a", {.kind = test::fault_kind::link_down, .times = 0});
  pass(30s);
  CAF_CHECK_EQUAL(the_leader(), "a");
  CAF_CHECK_EQUAL(changes(), 1);
  CAF_MESSAGE("and is looked for again");
  crash("a");
  pass_until([&] { return the_leader() == "b"; }, 202ms);
}

CAF_TEST(an elector that ends alone is replaced like a process that does) {
  start_group(3);
  auto& a = processes.at("a");
  anon_send_exit(a.elector, caf::exit_reason::kill);
  run_jobs();
  CAF_CHECK_EQUAL(look("b", "a"), probe_status::gone);
  pass_until([&] { return processes.at("b").heard->leads; }, 202ms);
}

CAF_TEST(a worker answers probes while it leads and not while it follows or has left) {
  start_group(2);
  CAF_CHECK_EQUAL(look("b", "a"), probe_status::alive);
  CAF_CHECK_EQUAL(look("a", "b"), probe_status::gone);
  anon_send(processes.at("a").elector, abdicate{"a greater epoch"});
  pass(20ms);
  CAF_CHECK_EQUAL(the_leader(), "b");
  CAF_CHECK_EQUAL(look("b", "a"), probe_status::gone);
  CAF_CHECK_EQUAL(look("a", "b"), probe_status::alive);
  anon_send(processes.at("b").elector, resign{});
  pass(1s);
  CAF_CHECK_EQUAL(look("a", "b"), probe_status::gone);
}

CAF_TEST(a leader at its deadline answers no probes so that others need not wait) {
  start_group(2);
  test::client_fault slow{.kind = test::fault_kind::write_late, .delay = 60s};
  slow.bucket = "g-election";
  strike("a", slow);
  CAF_MESSAGE("it gives up after 0.8 leases, and is followed before the lease is over");
  pass_until([&] { return !processes.at("a").heard->leads; }, 2400ms);
  pass_until([&] { return processes.at("b").heard->leads; }, 202ms);
}

CAF_TEST_FIXTURE_SCOPE_END()
