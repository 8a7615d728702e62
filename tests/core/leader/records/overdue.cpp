// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE core.overdue

#include "reconciler_fixture.hpp"

/// Workers that do not confirm a revocation, or do not follow their record, in time.
using namespace core_test;

CAF_TEST_FIXTURE_SCOPE(overdue_tests, reconciler_fixture)

CAF_TEST(a worker that does not confirm in time is overdue) {
  moving_2();
  CAF_CHECK(*mine->wake_at() == now + 30s);
  now += 29999ms;
  CAF_CHECK(lives("a").empty());
  CAF_CHECK(tick().empty());
  now += 1ms;
  auto x = only<reconciler::overdue>(tick());
  CAF_CHECK_EQUAL(x.who, id("a"));
  CAF_CHECK_EQUAL(x.incarnation.value, "a");
  CAF_CHECK_EQUAL(x.partitions, 1u);
  CAF_MESSAGE("and again at every heartbeat, whose revision is to be written over");
  now += 1s;
  only<reconciler::overdue>(lives("a"));
  CAF_CHECK(!mine->wake_at());
}

CAF_TEST(a worker that has applied a revocation and does not stop is overdue as well) {
  auto revoked = moving_2();
  auto due = now + 30s;
  now += 1s;
  CAF_CHECK(lives("a", "a", stamp_of(revoked), {2}).empty());
  CAF_CHECK(mine->wake_at() == due);
  now = due;
  CAF_CHECK_EQUAL(only<reconciler::overdue>(tick()).partitions, 1u);
}

CAF_TEST(a worker that is silent when its time is over is not overdue) {
  moving_2();
  says("a", beat_state::forced);
  now += 30s;
  CAF_CHECK(tick().empty());
  CAF_CHECK(!mine->wake_at());
}

CAF_TEST(a worker that ended while its record cannot be written causes no busy loop) {
  moving_2();
  only<reconciler::write>(says("a", beat_state::expelled));
  for (int i = 0; i < 300; ++i) {
    answer("a", no_answer());
    now += 101ms;
    only<reconciler::write>(tick());
    CAF_CHECK(tick().empty());
  }
}

CAF_TEST(a partition that is confirmed in time makes no worker overdue) {
  auto revoked = moving_2();
  auto next = take_all(confirms("a", revoked));
  for (const auto& [who, x] : next)
    CAF_CHECK(confirms(who, x).empty());
  now += 30s;
  CAF_CHECK(tick().empty());
  CAF_CHECK(!mine->wake_at());
}

CAF_TEST(a worker that does not follow its record is overdue) {
  no_records();
  lives("a");
  show("a", 7, record_of("a", 0, {}, 0));
  auto granted = take_all(want({{"a", {1}}})).at("a");
  CAF_CHECK_EQUAL(names(granted), "1 ");
  CAF_CHECK(*mine->wake_at() == now + 30s);
  now += 20s;
  CAF_CHECK(lives("a").empty());
  CAF_MESSAGE("a newer record does not extend its time");
  auto next = take_all(want({{"a", {1, 2}}})).at("a");
  now += 9999ms;
  CAF_CHECK(lives("a").empty());
  CAF_CHECK(tick().empty());
  now += 1ms;
  auto x = only<reconciler::overdue>(tick());
  CAF_CHECK_EQUAL(x.incarnation.value, "a");
  CAF_CHECK_EQUAL(x.partitions, 0u);
  CAF_CHECK(!mine->wake_at());
  CAF_MESSAGE("having applied the older one it has as long for the newer one");
  CAF_CHECK(confirms("a", granted).empty());
  nothing_until(30s);
  only<reconciler::overdue>(tick());
  CAF_CHECK(confirms("a", next).empty());
  now += 30s;
  CAF_CHECK(tick().empty());
}

CAF_TEST_FIXTURE_SCOPE_END()
