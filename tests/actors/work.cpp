// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE actors.work

#include "work_fixture.hpp"

#include "../support/stub.hpp"

using namespace partita;
using namespace partita::test;
using namespace std::chrono_literals;

CAF_TEST_FIXTURE_SCOPE(work_tests, work_fixture)

// -- assigned, revoked ------------------------------------------------------------------

CAF_TEST(a revocation stands in the heartbeat until the listener has stopped) {
  work();
  CAF_CHECK(d.assigned.back().exclusive);
  CAF_CHECK(present().state == beat_state::working);
  d.quick = false;
  publish(2, {{"a", 1}});
  CAF_REQUIRE_EQUAL(d.revoked.size(), 1u);
  CAF_CHECK_EQUAL(present().applied.version.value, 2u);
  CAF_CHECK(stopping() == std::set<std::string>{"b"});
  pass(10s);
  CAF_CHECK(stopping() == std::set<std::string>{"b"});
  stop_work();
  CAF_CHECK(stopping().empty());
  CAF_CHECK_EQUAL(d.works, (share{{"a", 1}}));
}

CAF_TEST(a new token is passed on and a partition that comes back waits for its stop) {
  work();
  d.quick = false;
  publish(2, {{"a", 2}});
  CAF_CHECK_EQUAL(d.works, (share{{"a", 2}}));
  publish(3, {{"a", 2}, {"b", 3}});
  CAF_CHECK_EQUAL(d.works, (share{{"a", 2}}));
  stop_work();
  CAF_CHECK_EQUAL(d.works, (share{{"a", 2}, {"b", 3}}));
}

CAF_TEST(work that goes on after a revocation is an alert that ends with it) {
  work();
  d.quick = false;
  publish(2, {{"a", 1}});
  pass(15s - 50ms);
  CAF_CHECK(d.levels("work_not_stopped").empty());
  pass(100ms);
  CAF_CHECK(d.levels("work_not_stopped") == std::vector{alert_level::warn});
  pass(20s);
  CAF_CHECK(!d.over("work_not_stopped"));
  stop_work();
  CAF_CHECK(d.over("work_not_stopped"));
  CAF_CHECK(d.stops.empty());
}

CAF_TEST(a listener that comes late works too and is waited for) {
  work();
  auto late = std::make_shared<test_listener>();
  late->quick = false;
  auto second = sys.spawn(listen_as, late);
  anon_send(worker, listener_actor{second});
  consume_messages();
  CAF_CHECK_EQUAL(late->works, (share{{"a", 1}, {"b", 1}}));
  publish(2, {{"a", 1}});
  CAF_CHECK(stopping() == std::set<std::string>{"b"});
  stop_work(second);
  CAF_CHECK(stopping().empty());
  anon_send_exit(second, caf::exit_reason::kill);
  pass(50ms);
  CAF_MESSAGE("and its end takes the worker down");
  CAF_REQUIRE_EQUAL(d.stops.size(), 1u);
  CAF_CHECK_NOT_EQUAL(d.stops.back().failure.find("a listener ended"), std::string::npos);
  CAF_CHECK(d.works.empty());
  CAF_CHECK(present().state == beat_state::stopped);
}

CAF_TEST(a listener that dies over a revocation counts as having stopped) {
  work();
  auto late = std::make_shared<test_listener>();
  late->quick = false;
  auto second = sys.spawn(listen_as, late);
  anon_send(worker, listener_actor{second});
  publish(2, {});
  late->owed.clear();
  anon_send_exit(second, caf::exit_reason::kill);
  pass(50ms);
  CAF_CHECK(present().state == beat_state::stopped);
}

// -- sessions ---------------------------------------------------------------------------

CAF_TEST(nonces repeat under one seed and are random without one) {
  // The same id for all, so that present() shows the newest.
  base.worker.id_max = 0;
  auto next = [&](std::uint64_t seed) {
    begin(seed);
    CAF_CHECK_EQUAL(d.states.back().to, worker_state::waiting_assignment);
    auto result = present().nonce.value;
    CAF_CHECK_EQUAL(result.size(), 32u);
    CAF_CHECK_EQUAL(result.find_first_not_of("0123456789abcdef"), std::string::npos);
    anon_send(worker, stop_worker{leave_mode::stop});
    pass(500ms);
    CAF_CHECK(!d.stops.empty());
    d.stops.clear();
    return result;
  };
  auto seeded = next(7);
  CAF_MESSAGE("one that finds its own nonce in its way would take another one");
  CAF_CHECK_NOT_EQUAL(seeded, next(8));
  CAF_CHECK_EQUAL(seeded, next(7));
  auto random = next(0);
  next(8);
  CAF_CHECK_NOT_EQUAL(random, next(0));
}

CAF_TEST(a newcomer waits until the incarnation under its id has ended) {
  beat other;
  other.nonce = {"other"};
  other.state = beat_state::working;
  put(beats, "heartbeat.worker-0", to_text(other));
  begin();
  pass(10s);
  CAF_CHECK_EQUAL(present().nonce.value, "other");
  other.state = beat_state::expelled;
  put(beats, "heartbeat.worker-0", to_text(other));
  pass(1100ms);
  CAF_CHECK_NOT_EQUAL(present().nonce.value, "other");
  CAF_CHECK_EQUAL(present().replaces.value, "other");
}

CAF_TEST(when the store is away work is lost in time and a new session waits for its end) {
  work();
  auto before = present().nonce;
  d.quick = false;
  store_away(true);
  CAF_MESSAGE("the last heartbeat is at most an interval old");
  pass(4200ms);
  CAF_CHECK(d.lost.empty());
  CAF_CHECK(d.state() == worker_state::degraded);
  pass(1100ms);
  CAF_REQUIRE_EQUAL(d.lost.size(), 1u);
  CAF_CHECK_EQUAL(d.lost.back().partitions.size(), 2u);
  CAF_CHECK(d.lost.back().time_left == 750ms);
  CAF_CHECK(d.works.empty());
  store_away(false);
  pass(5s);
  CAF_CHECK(present().nonce == before);
  CAF_CHECK(d.levels("work_not_stopped") == std::vector{alert_level::error});
  stop_work();
  CAF_CHECK(present().nonce != before);
  CAF_CHECK(present().replaces == before);
  CAF_CHECK(d.over("work_not_stopped"));
  CAF_MESSAGE("nothing is worked on that the new incarnation was not given");
  CAF_CHECK(d.works.empty());
  publish(9, {{"a", 9}});
  CAF_CHECK_EQUAL(d.works, (share{{"a", 9}}));
  CAF_CHECK(d.state() == worker_state::stable);
}

CAF_TEST(
    where work that goes on ends the worker it ends at the margin without a goodbye) {
  base.end_if_work_goes_on = true;
  work();
  d.quick = false;
  CAF_MESSAGE("a revocation is no such case");
  publish(2, {{"a", 1}});
  pass(20s);
  CAF_CHECK(d.stops.empty());
  record gone;
  put(records, "assignment.worker-0", "no record");
  pass(700ms);
  CAF_REQUIRE_EQUAL(d.lost.size(), 1u);
  CAF_CHECK(d.stops.empty());
  pass(100ms);
  CAF_REQUIRE_EQUAL(d.stops.size(), 1u);
  CAF_CHECK_NOT_EQUAL(d.stops.back().failure.find("goes on"), std::string::npos);
  CAF_CHECK(is_living(present().state));
}

CAF_TEST(an expelled worker loses its work and joins again) {
  work();
  auto mark = present();
  mark.state = beat_state::expelled;
  put(beats, "heartbeat.worker-0", to_text(mark));
  pass(1100ms);
  CAF_REQUIRE_EQUAL(d.lost.size(), 1u);
  CAF_CHECK(d.works.empty());
  CAF_CHECK(present().nonce != mark.nonce);
  CAF_CHECK(present().replaces == mark.nonce);
}

CAF_TEST(a worker whose record is gone or cannot be read loses its work) {
  work();
  auto before = present().nonce;
  put(records, "assignment.worker-0", "no record");
  pass(50ms);
  CAF_CHECK_EQUAL(d.lost.size(), 1u);
  CAF_CHECK(present().nonce != before);
  before = present().nonce;
  publish(5, {{"a", 5}});
  CAF_CHECK_EQUAL(d.works, (share{{"a", 5}}));
  auto at = read(records, "assignment.worker-0").revision;
  anon_send(records, kv_remove{"assignment.worker-0", at});
  pass(100ms);
  CAF_CHECK_EQUAL(d.lost.size(), 2u);
  CAF_CHECK(present().nonce != before);
  CAF_MESSAGE("and creates an empty one");
  CAF_CHECK(!read(records, "assignment.worker-0").removed);
}

CAF_TEST(a worker that lost its id joins under another one once its work has stopped) {
  work();
  d.quick = false;
  claim theirs;
  theirs.nonce = {"another"};
  put(bucket("g-stableid"), "worker-0", to_text(theirs));
  CAF_REQUIRE(pass_until([&] { return !d.lost.empty(); }, 12s));
  pass(5s);
  CAF_CHECK(read(beats, "heartbeat.worker-1").value.empty());
  stop_work();
  CAF_CHECK(!read(beats, "heartbeat.worker-1").value.empty());
  CAF_CHECK(d.state() == worker_state::waiting_assignment);
}

CAF_TEST(a watch of the record that is silent for too long ends the session) {
  work();
  auto before = present().nonce;
  test::client_fault mute;
  mute.kind = test::fault_kind::silence;
  mute.bucket = "g-assignment";
  anon_send(faults, mute);
  CAF_MESSAGE("it may be away for as long as a hand-over may take, 30 s");
  pass(29400ms);
  CAF_CHECK(d.lost.empty());
  pass(700ms);
  CAF_CHECK_EQUAL(d.lost.size(), 1u);
  CAF_MESSAGE("it asks for no work while it cannot follow its record");
  pass(5s);
  CAF_CHECK(present().nonce == before);
  mute.times = 0;
  anon_send(faults, mute);
  pass(5s);
  CAF_CHECK(present().nonce != before);
}

CAF_TEST(a record that waited while the process slept past its session is not followed) {
  work();
  publish(2, {{"a", 1}});
  record x;
  x.epoch = {1};
  x.version = {3};
  x.worker_nonce = present().nonce;
  x.partitions = {{{{"c"}}, {3}}};
  CAF_MESSAGE("the news are in the mailbox when the process wakes up");
  anon_send(records, kv_put{"assignment.worker-0", to_text(x)});
  sched.clock().current_time += 7s;
  consume_messages();
  CAF_CHECK_EQUAL(d.works.count("c"), 0u);
  CAF_CHECK_EQUAL(d.lost.size(), 1u);
}

// -- the store is away ------------------------------------------------------------------

CAF_TEST(a short outage degrades a worker and costs nothing) {
  work();
  auto before = present().nonce;
  store_away(true);
  pass(4100ms);
  CAF_CHECK(d.state() == worker_state::degraded);
  CAF_CHECK(d.levels("store_away") == std::vector{alert_level::info});
  store_away(false);
  pass(500ms);
  CAF_CHECK(d.state() == worker_state::stable);
  CAF_CHECK(d.over("store_away"));
  CAF_CHECK(d.lost.empty());
  CAF_CHECK(present().nonce == before);
}

CAF_TEST(a long outage is an alert of rising level and ends in a new session) {
  base.degraded.error = 20s;
  base.degraded.critical = 25s;
  work();
  store_away(true);
  pass(27s);
  CAF_CHECK(d.levels("store_away")
            == (std::vector{alert_level::info, alert_level::warn, alert_level::error,
                            alert_level::critical}));
  CAF_CHECK(d.state() == worker_state::degraded);
  CAF_CHECK(d.works.empty());
  store_away(false);
  pass(1s);
  CAF_CHECK(d.over("store_away"));
  auto n = d.states.size();
  CAF_REQUIRE(n >= 3);
  CAF_CHECK(d.state() == worker_state::waiting_assignment);
  CAF_CHECK(d.states[n - 3].from == worker_state::degraded);
  CAF_CHECK(d.states[n - 3].to == worker_state::claiming_id);
}

CAF_TEST(a session listener receives the deadline at each extension) {
  work();
  std::vector<core::time_point> deadlines;
  auto stub =
      spawn_stub(sys, [&](const session_valid& x) { deadlines.push_back(x.until); });
  anon_send(worker, caf::actor_cast<session_listener_actor>(stub));
  pass(20s);
  CAF_CHECK_GREATER(deadlines.size(), 3u);
  CAF_CHECK(std::is_sorted(deadlines.begin(), deadlines.end()));
  CAF_CHECK(deadlines.back() > sched.clock().now());
  anon_send_exit(stub, caf::exit_reason::kill);
}

CAF_TEST(without a deadline there is nothing to tell a session listener) {
  base.group.ownership = ownership::available;
  work();
  auto told = false;
  auto stub = spawn_stub(sys, [&](const session_valid&) { told = true; });
  anon_send(worker, caf::actor_cast<session_listener_actor>(stub));
  pass(20s);
  CAF_CHECK(!told);
  anon_send_exit(stub, caf::exit_reason::kill);
}

CAF_TEST(a worker that is to be available works on while the store is away) {
  base.group.ownership = ownership::available;
  work();
  CAF_CHECK(!d.assigned.back().exclusive);
  auto before = present().nonce;
  store_away(true);
  pass(30s);
  CAF_CHECK(d.state() == worker_state::degraded);
  CAF_CHECK(d.lost.empty());
  CAF_CHECK_EQUAL(d.works.size(), 2u);
  store_away(false);
  pass(1s);
  CAF_CHECK(d.state() == worker_state::stable);
  CAF_CHECK(present().nonce == before);
}

CAF_TEST_FIXTURE_SCOPE_END()
