// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE actors.leaving

#include "work_fixture.hpp"

using namespace partita;
using namespace partita::test;
using namespace std::chrono_literals;

CAF_TEST_FIXTURE_SCOPE(leaving_tests, work_fixture)

CAF_TEST(a worker that drains leaves when everything has moved away) {
  work();
  leave(leave_mode::drain);
  CAF_CHECK(present().state == beat_state::draining);
  pass(10s);
  CAF_CHECK_EQUAL(d.works.size(), 2u);
  CAF_CHECK(d.stops.empty());
  publish(2, {{"a", 1}});
  CAF_CHECK_EQUAL(d.works, (share{{"a", 1}}));
  CAF_CHECK(present().state == beat_state::draining);
  d.quick = false;
  publish(3, {});
  CAF_CHECK(d.stops.empty());
  CAF_CHECK(present().state == beat_state::draining);
  stop_work();
  CAF_CHECK(present().state == beat_state::stopped);
  CAF_REQUIRE_EQUAL(d.stops.size(), 1u);
  CAF_CHECK_EQUAL(d.stops.back().failure, "");
}

CAF_TEST(a draining worker stops once it has seen twice that no worker leads) {
  work();
  leave(leave_mode::drain);
  pass(5s);
  nobody_leads();
  pass(500ms);
  CAF_CHECK(d.revoked.empty());
  put(election, "leader", "worker-98:0:test");
  pass(5s);
  CAF_CHECK(d.revoked.empty());
  nobody_leads();
  pass(1100ms);
  CAF_CHECK_EQUAL(d.revoked.size(), 1u);
  CAF_CHECK(present().state == beat_state::stopped);
  CAF_CHECK_EQUAL(d.stops.size(), 1u);
}

CAF_TEST(draining gives way to a stop) {
  work();
  leave(leave_mode::drain);
  CAF_CHECK(d.stops.empty());
  leave(leave_mode::drain);
  CAF_CHECK(d.stops.empty());
  leave(leave_mode::stop);
  CAF_CHECK_EQUAL(d.revoked.size(), 1u);
  CAF_CHECK(present().state == beat_state::stopped);
  CAF_CHECK_EQUAL(d.stops.size(), 1u);
}

CAF_TEST(a restart stops everything and asks to keep it) {
  work();
  d.quick = false;
  leave(leave_mode::restart);
  CAF_REQUIRE_EQUAL(d.revoked.size(), 1u);
  CAF_CHECK(is_living(present().state));
  stop_work();
  CAF_CHECK(present().state == beat_state::restarting);
  CAF_CHECK_EQUAL(d.stops.size(), 1u);
}

CAF_TEST(the options say how a worker leaves that is asked without a mode) {
  base.worker.shutdown = leave_mode::restart;
  work();
  leave(leave_mode::configured);
  CAF_CHECK(present().state == beat_state::restarting);
}

CAF_TEST(a drain that takes too long stops the rest before the time is over) {
  work();
  leave(leave_mode::drain);
  pass(23900ms);
  CAF_CHECK(d.revoked.empty());
  pass(200ms);
  CAF_CHECK_EQUAL(d.revoked.size(), 1u);
  CAF_CHECK(present().state == beat_state::stopped);
  CAF_REQUIRE_EQUAL(d.stops.size(), 1u);
  CAF_CHECK_EQUAL(d.stops.back().failure, "");
}

CAF_TEST(without the confirmation of its listener a worker leaves without a goodbye) {
  work();
  d.quick = false;
  leave(leave_mode::stop);
  pass(29900ms);
  CAF_CHECK(d.stops.empty());
  pass(200ms);
  CAF_REQUIRE_EQUAL(d.stops.size(), 1u);
  CAF_CHECK(!d.stops.back().failure.empty());
  CAF_CHECK(is_living(present().state));
}

CAF_TEST(a record that is lost while its worker leaves takes the work with it) {
  work();
  d.quick = false;
  leave(leave_mode::stop);
  CAF_REQUIRE_EQUAL(d.revoked.size(), 1u);
  auto at = read(records, "assignment.worker-0").revision;
  anon_send(records, kv_remove{"assignment.worker-0", at});
  pass(100ms);
  CAF_CHECK_EQUAL(d.lost.size(), 1u);
  CAF_CHECK(d.stops.empty());
  stop_work();
  CAF_CHECK_EQUAL(d.stops.size(), 1u);
}

CAF_TEST(a worker that leaves takes no new work) {
  work();
  d.quick = false;
  leave(leave_mode::stop);
  publish(9, {{"z", 9}});
  CAF_CHECK(!d.works.contains("z"));
  stop_work();
  CAF_CHECK_EQUAL(d.stops.size(), 1u);
}

CAF_TEST(a session that ends while its worker leaves is no goodbye) {
  work();
  d.quick = false;
  leave(leave_mode::stop);
  auto mark = present();
  mark.state = beat_state::forced;
  put(beats, "heartbeat.worker-0", to_text(mark));
  pass(1100ms);
  CAF_CHECK_EQUAL(d.lost.size(), 1u);
  CAF_CHECK(d.stops.empty());
  stop_work();
  CAF_CHECK_EQUAL(d.stops.size(), 1u);
  CAF_CHECK(present().state == beat_state::forced);
}

CAF_TEST_FIXTURE_SCOPE_END()
