// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE actors.life

// First: it may not come after the test framework, whose macros take ordinary names.
#include "../support/children.hpp"

#include "../support/group_fixture.hpp"

#include "partita/messages/codec.hpp"

using namespace partita;
using namespace std::chrono_literals;

namespace {

using core::role;

struct fixture : partita::test::group_fixture {
  /// Whether all keep the same partitions and tokens for so long, and one of them leads.
  bool all_leave_as_they_are(core::duration how_long) {
    std::map<std::string, std::map<std::string, version>> before;
    for (auto& [name, x] : members)
      before[name] = x.heard->works;
    pass(how_long);
    for (auto& [name, x] : members)
      if (x.heard->works != before[name])
        return false;
    return leaders().size() == 1;
  }

  // -- children -------------------------------------------------------------------------

  /// Lets time pass until this child of this worker has something to do. CAF lists no
  /// actors, but each one that has mail is among the jobs.
  caf::actor_addr child(const std::string& name, role which, core::duration at_most) {
    const auto& parent = members.at(name).supervisor;
    auto end = sched.clock().now() + at_most;
    for (;;) {
      for (auto* job : sched.jobs)
        if (auto found = partita::test::child_of(parent, which, job))
          return found;
      if (sched.try_run_once())
        continue;
      auto now = sched.clock().now();
      auto& schedule = sched.clock().schedule();
      if (schedule.empty() || schedule.begin()->first > end)
        return {};
      auto next = schedule.begin()->first;
      sched.advance_time(next > now ? next - now : core::duration{0});
    }
  }

  void crash_child(const std::string& name, role which) {
    auto victim = child(name, which, 15s);
    CAF_REQUIRE(victim);
    CAF_MESSAGE("the " << core::to_string(which) << " of " << name << " crashes");
    caf::anon_send_exit(victim, caf::exit_reason::unhandled_exception);
    consume_messages();
  }

  /// How long this child, which has crashed, is away.
  core::duration away(const std::string& name, role which) {
    auto since = sched.clock().now();
    CAF_REQUIRE(child(name, which, 10s));
    return sched.clock().now() - since;
  }

  // -- leaving --------------------------------------------------------------------------

  /// Tells a worker to stop while it is in `state`.
  void stop(const std::string& name, worker_state state) {
    auto& x = *members.at(name).heard;
    CAF_REQUIRE_EQUAL(x.state(), state);
    caf::scoped_actor asker{sys};
    asker->send(members.at(name).supervisor, stop_worker{});
    CAF_CHECK(pass_until([&] { return !x.stops.empty(); }, 100ms));
    CAF_CHECK_EQUAL(x.states.back().from, state);
    CAF_CHECK_EQUAL(x.state(), worker_state::shutdown);
    CAF_CHECK(x.owns().empty());
    CAF_CHECK(!x.leading());
    CAF_MESSAGE("until after timeouts.shutdown");
    pass(31s);
    CAF_REQUIRE_EQUAL(x.stops.size(), 1u);
    CAF_CHECK_EQUAL(x.stops.back().failure, "");
    asker->receive([&](const worker_stopped& y) { CAF_CHECK_EQUAL(y, x.stops.back()); });
    members.erase(name);
  }

  /// Runs message by message until it holds.
  bool run_until(const std::function<bool()>& holds) {
    while (!holds())
      if (!sched.try_run_once())
        return false;
    return true;
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(life_tests, fixture)

// -- crashes of children ----------------------------------------------------------------

CAF_TEST(a child that crashed is started again after a pause and nothing else changes) {
  settle({"a", "b", "c"}, 4);
  auto leader = the_leader();
  for (auto name : {leader, follower()})
    for (auto which : {role::registrar, role::watcher, role::calculator}) {
      if (which == role::calculator && name != leader)
        continue;
      auto id = heard(name).id();
      auto restarts = status(name).restarts;
      crash_child(name, which);
      CAF_CHECK_EQUAL(status(name).restarts, restarts + 1);
      auto pause = away(name, which);
      CAF_CHECK(pause >= 100ms);
      CAF_CHECK(pause <= 125ms);
      CAF_MESSAGE("past heartbeat.ttl and worker.id_ttl");
      CAF_CHECK(all_leave_as_they_are(40s));
      CAF_CHECK_EQUAL(the_leader(), leader);
      CAF_CHECK_EQUAL(heard(name).id(), id);
      CAF_MESSAGE("the one in its place does its work");
      source_list(24);
      CAF_CHECK(pass_until([&] { return balanced(24, 8); }, 12s));
      source_list(12);
      CAF_CHECK(pass_until([&] { return balanced(12, 4); }, 12s));
      pass(12s);
    }
  CAF_CHECK(child(leader, role::registrar, 11s));
}

CAF_TEST(
    a worker whose heartbeat crashed loses its session and gets its partitions back) {
  settle({"a", "b", "c"}, 4);
  for (auto name : {the_leader(), follower()}) {
    auto had = heard(name).works;
    crash_child(name, role::heartbeat);
    CAF_MESSAGE("what it wrote last is not known");
    CAF_CHECK(heard(name).works.empty());
    CAF_CHECK(pass_until([&] { return balanced(12, 4); }, 1s));
    CAF_REQUIRE_EQUAL(heard(name).works.size(), had.size());
    for (auto& [partition, token] : had)
      CAF_CHECK(heard(name).works.at(partition) > token);
    pass(12s);
  }
}

CAF_TEST(a leader whose elector crashed loses leadership and the key finds a holder) {
  settle({"a", "b", "c"}, 4);
  auto old = the_leader();
  crash_child(old, role::elector);
  CAF_CHECK(leaders().empty());
  CAF_CHECK(!child(old, role::calculator, 90ms));
  auto epoch = heard(old).adoptions.back().epoch;
  CAF_CHECK(pass_until([&] { return !leaders().empty(); }, 4s));
  CAF_CHECK(all_leave_as_they_are(20s));
  CAF_CHECK(heard(the_leader()).adoptions.back().epoch > epoch);
  CAF_CHECK(balanced(12, 4));
}

CAF_TEST(a follower whose elector crashed still stands for election) {
  settle({"a", "b"}, 6);
  auto name = follower();
  crash_child(name, role::elector);
  CAF_CHECK(all_leave_as_they_are(10s));
  crash(the_leader());
  CAF_CHECK(pass_until([&] { return the_leader() == name; }, 4s));
}

CAF_TEST(a child that crashes again and again is started with growing pauses) {
  settle({"a"}, 12);
  for (auto pause = 100ms; pause < 10s; pause *= 2) {
    crash_child("a", role::watcher);
    auto waited = away("a", role::watcher);
    CAF_CHECK(waited >= std::min<core::duration>(pause, 5s));
    CAF_CHECK(waited <= std::min<core::duration>(pause, 5s) * 5 / 4);
  }
  CAF_MESSAGE("one that lived for 30 s counts as sound");
  pass(31s);
  crash_child("a", role::watcher);
  CAF_CHECK(away("a", role::watcher) <= 125ms);
  CAF_CHECK_EQUAL(heard("a").owns().size(), 12u);
}

CAF_TEST(a record that vanishes while its watcher is away ends the session) {
  settle({"a", "b"}, 6);
  auto victim = follower();
  auto& x = heard(victim);
  crash_child(victim, role::watcher);
  auto records = bucket("g-assignment");
  auto key = "assignment." + x.id();
  caf::scoped_actor somebody{sys};
  somebody->send(records, kv_last{key});
  consume_messages();
  somebody->receive([&](const kv_read& found) {
    anon_send(records, kv_remove{key, found.entry.revision});
  });
  CAF_CHECK(pass_until([&] { return x.owns().empty(); }, 200ms));
  CAF_CHECK(pass_until([&] { return balanced(12, 6); }, 30s));
}

// -- stopping ---------------------------------------------------------------------------

CAF_TEST(a worker stops while it waits for the store) {
  start("a");
  fault("a", test::fault_kind::link_down);
  pass(1s);
  stop("a", worker_state::init);
}

CAF_TEST(a worker stops while it claims an id) {
  base.worker.id_max = 0;
  settle({"a"}, 12);
  start("b");
  pass(1s);
  stop("b", worker_state::claiming_id);
  CAF_CHECK(balanced(12, 12));
}

CAF_TEST(a worker stops during the election) {
  auto& x = start("a");
  CAF_REQUIRE(run_until([&] { return x.heard->state() == worker_state::election; }));
  stop("a", worker_state::election);
  CAF_MESSAGE("or before it knows whether there is a leader");
  auto& y = start("b");
  CAF_REQUIRE(run_until([&] { return y.heard->state() == worker_state::claiming_id; }));
  fault("b", test::fault_kind::silence, "g-election");
  pass(1s);
  stop("b", worker_state::election);
  start("c");
  CAF_MESSAGE("no leader grants anything before it can know who else may work");
  CAF_CHECK(pass_until([&] { return balanced(12, 12); }, 7s));
}

CAF_TEST(a worker stops while it waits for its first assignment) {
  start("a");
  pass(3s);
  stop("a", worker_state::waiting_assignment);
}

CAF_TEST(a worker stops while it is stable) {
  settle({"a", "b"}, 6);
  stop(follower(), worker_state::stable);
  CAF_CHECK(balanced(12, 12));
  start("c");
  CAF_CHECK(pass_until([&] { return balanced(12, 6); }, 12s));
  stop(the_leader(), worker_state::stable);
  CAF_CHECK(balanced(12, 12));
}

CAF_TEST(a leader stops while it scales the group) {
  settle({"a", "b"}, 6);
  start("c");
  CAF_REQUIRE(pass_until(
      [&] { return heard(the_leader()).state() == worker_state::scaling; }, 2s));
  stop(the_leader(), worker_state::scaling);
  CAF_CHECK(balanced(12, 6));
}

CAF_TEST(a leader stops while it rebalances) {
  settle({"a", "b"}, 6);
  source_list(20);
  pass(500ms);
  stop(the_leader(), worker_state::rebalancing);
  CAF_CHECK(balanced(20, 20));
}

CAF_TEST(a leader stops during an emergency) {
  settle({"a", "b", "c"}, 4);
  auto leader = the_leader();
  fault(leader, test::fault_kind::write_late, "g-assignment", test::for_ever, 300ms);
  crash(follower());
  CAF_REQUIRE(
      pass_until([&] { return heard(leader).state() == worker_state::emergency; }, 8s));
  stop(leader, worker_state::emergency);
  CAF_CHECK(balanced(12, 12));
}

CAF_TEST(a worker stops while any of its children is away) {
  for (auto which : {role::registrar, role::heartbeat, role::elector, role::watcher,
                     role::calculator}) {
    settle({"a"}, 12);
    crash_child("a", which);
    // Without a heartbeat there is no session.
    stop("a",
         which == role::heartbeat ? worker_state::claiming_id : worker_state::stable);
  }
}

CAF_TEST(a second request to stop a worker that leaves gets the same answer) {
  settle({"a"}, 12);
  caf::scoped_actor second{sys};
  anon_send(members.at("a").supervisor, stop_worker{});
  second->send(members.at("a").supervisor, stop_worker{});
  stop("a", worker_state::stable);
  second->receive([&](const worker_stopped& x) { CAF_CHECK_EQUAL(x.failure, ""); });
}

CAF_TEST(a worker that cannot give anything back stops when the time for it is over) {
  settle({"a", "b"}, 6);
  auto victim = follower();
  auto& x = heard(victim);
  fault(victim, test::fault_kind::answer_lost);
  anon_send(members.at(victim).supervisor, stop_worker{});
  pass(29s);
  CAF_CHECK(x.stops.empty());
  pass(10s);
  CAF_REQUIRE_EQUAL(x.stops.size(), 1u);
  CAF_CHECK_NOT_EQUAL(x.stops.back().failure, "");
}

// -- listeners and ids ------------------------------------------------------------------

CAF_TEST(a late listener receives the state of the worker and then all news) {
  settle({"a", "b"}, 6);
  std::size_t count = 12;
  for (auto name : {the_leader(), follower()}) {
    auto late = std::make_shared<partita::test::diary>();
    anon_send(members.at(name).supervisor, sys.spawn(partita::test::keep_diary, late));
    consume_messages();
    auto& x = heard(name);
    CAF_CHECK_EQUAL(late->ids, std::vector{x.ids.back()});
    CAF_CHECK_EQUAL(late->states, std::vector{x.states.back()});
    CAF_CHECK_EQUAL(late->leading(), x.leading());
    CAF_REQUIRE_EQUAL(late->assignments.size(), 1u);
    CAF_CHECK_EQUAL(late->owns(), x.owns());
    CAF_CHECK_EQUAL(late->assignments.back().added.size(), x.owns().size());
    CAF_CHECK(late->assignments.back().removed.empty());
    source_list(count += 8);
    CAF_CHECK(pass_until([&] { return settled(count); }, 12s));
    CAF_CHECK_EQUAL(late->assignments.size(), 2u);
    CAF_CHECK_EQUAL(late->assignments.back(), x.assignments.back());
  }
}

CAF_TEST(a leader that loses its id steps down and goes on under another id) {
  settle({"a", "b"}, 6);
  auto victim = the_leader();
  auto kept = members.at(victim).heard;
  auto& x = *kept;
  auto id = x.id();
  claim theirs;
  theirs.nonce = {"another"};
  caf::anon_send(bucket("g-stableid"), kv_put{id, to_text(theirs)});
  CAF_REQUIRE(pass_until([&] { return x.ids.size() == 2; }, 12s));
  CAF_CHECK_NOT_EQUAL(x.id(), id);
  CAF_REQUIRE(x.leaderships.size() >= 2);
  CAF_CHECK(!x.leaderships[1].leading);
  CAF_CHECK_EQUAL(x.assignments.back().worker_id.value, id);
  CAF_CHECK(x.owns().empty());
  CAF_CHECK(pass_until([&] { return balanced(12, 6); }, 40s));
  pass(12s);
  stop(victim, worker_state::stable);
  CAF_CHECK_EQUAL(x.stops.back().worker_id, x.ids.back().worker_id);
}

CAF_TEST(a worker that lost its id and finds none free owns nothing and waits for one) {
  base.worker.id_max = 1;
  base.worker.id_ttl = 15s;
  settle({"a", "b"}, 6);
  auto victim = the_leader();
  auto other = follower();
  auto& x = heard(victim);
  claim theirs;
  theirs.nonce = {"another"};
  caf::anon_send(bucket("g-stableid"), kv_put{x.id(), to_text(theirs)});
  CAF_REQUIRE(pass_until([&] { return x.state() == worker_state::claiming_id; }, 6s));
  pass(100ms);
  CAF_CHECK(x.owns().empty());
  CAF_CHECK_EQUAL(the_leader(), other);
  pass(14s);
  CAF_CHECK_EQUAL(x.ids.size(), 1u);
  CAF_MESSAGE("the other one does not renew it");
  CAF_CHECK(pass_until([&] { return x.ids.size() == 2; }, 2s));
  CAF_CHECK(pass_until([&] { return balanced(12, 6); }, 20s));
}

CAF_TEST_FIXTURE_SCOPE_END()
