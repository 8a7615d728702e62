// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE core.grant_hold

#include "reconciler_fixture.hpp"

/// Nothing is granted while an incarnation may work on what no record shows.
using namespace core_test;

CAF_TEST_FIXTURE_SCOPE(grant_hold_tests, reconciler_fixture)

CAF_TEST(after a record vanished nothing is granted for the hold) {
  two_owners();
  gone("a");
  CAF_CHECK(want({{"b", {1, 2, 3}}}).empty());
  CAF_CHECK(!mine->settled());
  CAF_MESSAGE("it has noticed");
  CAF_CHECK(joins_again("a", "a2").empty());
  nothing_until(6300ms);
  auto x = only<reconciler::write>(tick());
  CAF_CHECK_EQUAL(x.who, id("b"));
  CAF_CHECK_EQUAL(names(*x.value), "1 2 3 ");
}

CAF_TEST(nothing is granted while a worker whose record vanished sends heartbeats) {
  two_owners();
  gone("a");
  CAF_CHECK(want({{"b", {1, 2, 3}}}).empty());
  now += 30s;
  auto x = only<reconciler::overdue>(tick());
  CAF_CHECK_EQUAL(x.who, id("a"));
  CAF_MESSAGE("and is ordered to end at each heartbeat");
  CAF_CHECK_EQUAL(only<reconciler::overdue>(lives("a")).incarnation, nonce{"a"});
  CAF_CHECK(!mine->settled());
  CAF_MESSAGE("it joins again");
  auto xs = joins_again("a", "a2");
  CAF_CHECK_EQUAL(names(*only<reconciler::write>(xs).value), "1 2 3 ");
  CAF_CHECK(want({{"b", {1, 2, 3}}}).empty());
}

CAF_TEST(nothing is granted before an incarnation whose record vanished has ended) {
  two_owners();
  gone("a");
  CAF_CHECK(want({{"b", {1, 2, 3}}}).empty());
  now += 10min;
  CAF_MESSAGE("ordered to end, it may still work");
  CAF_CHECK(says("a", beat_state::forced).empty());
  CAF_CHECK(tick().empty());
  CAF_MESSAGE("silent after that: a mark says that it has ended");
  auto xs = says("a", beat_state::expelled);
  CAF_CHECK_EQUAL(names(*only<reconciler::write>(xs).value), "1 2 3 ");
}

CAF_TEST(a record that is shown again has not vanished) {
  two_owners();
  gone("a");
  show("a", 90, record_of("a", floor_of_3 + 1, {1, 2}));
  CAF_CHECK(want({{"a", {1, 2}}, {"b", {3, 4}}}).empty());
  nothing_until(6300ms);
  auto xs = tick();
  CAF_CHECK_EQUAL(names(*only<reconciler::write>(xs).value), "3 4 ");
}

CAF_TEST(once a record is shown again after the hold others are granted what waited) {
  two_owners();
  gone("a");
  CAF_CHECK(want({{"a", {1, 2}}, {"b", {3, 4}}}).empty());
  nothing_until(6300ms);
  CAF_CHECK(tick().empty());
  auto xs = show("a", 90, record_of("a", floor_of_3 + 1, {1, 2}));
  CAF_CHECK_EQUAL(names(*only<reconciler::write>(xs).value), "3 4 ");
}

CAF_TEST(during a hold nothing is taken away for a worker that could not get it yet) {
  two_owners();
  show("c", 5, record_of("c", 0, {}, 0));
  lives("c");
  gone("a");
  CAF_CHECK(want({{"b", {1}}, {"c", {3}}}).empty());
  CAF_MESSAGE("what no worker is to have any more is taken away at once");
  auto x = only<reconciler::write>(want({{"b", {1}}, {"c", {}}}));
  CAF_CHECK_EQUAL(names(*x.value), "-3 ");
}

CAF_TEST(during a hold no record is addressed again) {
  two_owners();
  gone("a");
  lives("a", "a2");
  says("b", beat_state::restarting);
  CAF_CHECK(lives("b", "b2").empty());
  nothing_until(6300ms);
  CAF_CHECK_EQUAL(only<reconciler::write>(tick()).value->worker_nonce.value, "b2");
}

CAF_TEST(a second loss starts the hold again) {
  two_owners();
  gone("a");
  now += 6s;
  gone("b");
  nothing_until(6300ms);
  CAF_CHECK(!mine->wake_at() || *mine->wake_at() <= now);
}

CAF_TEST(a record that cannot be read is rewritten after the hold) {
  two_owners();
  CAF_CHECK(show("a", 9, malformed{"no json"}).empty());
  CAF_CHECK(!mine->has_record(id("a")));
  CAF_CHECK(want({{"b", {3}}}).empty());
  CAF_CHECK(lives("a", "a2").empty());
  nothing_until(6300ms);
  auto x = only<reconciler::write>(tick());
  CAF_CHECK_EQUAL(x.who, id("a"));
  CAF_CHECK_EQUAL(x.expected.value, 9u);
  CAF_CHECK_EQUAL(names(*x.value), "");
  CAF_CHECK(x.value->version.value > floor_of_3 + 1);
}

CAF_TEST(nothing is granted before the buckets are old enough) {
  no_records();
  lives("a");
  CAF_CHECK((mine->hold().not_before(now + 4s), mine->look_again(now)).empty());
  CAF_CHECK(show("a", 1, record_of("a", 0, {}, 0)).empty());
  CAF_CHECK(want({{"a", {1}}}).empty());
  CAF_CHECK(!mine->settled());
  nothing_until(4s);
  CAF_CHECK_EQUAL(names(*only<reconciler::write>(tick()).value), "1 ");
}

CAF_TEST(a record of a smaller epoch that appears later is void and written over) {
  two_owners();
  CAF_MESSAGE("its worker ignores it, and goes on with what it has");
  auto xs = show("a", 9, record_of("a", floor_of_3 - 1, {}, 2));
  auto x = only<reconciler::write>(xs);
  CAF_CHECK_EQUAL(x.expected.value, 9u);
  CAF_CHECK_EQUAL(names(*x.value), "1 2 ");
  CAF_CHECK_EQUAL(tokens(*x.value),
                  std::vector<std::uint64_t>({floor_of_3 + 1, floor_of_3 + 1}));
  CAF_CHECK(x.value->version.value > floor_of_3 + 1);
  take(x);
  CAF_CHECK(mine->settled());
}

CAF_TEST(a void record frees nothing) {
  auto revoked = moving_2();
  auto x = only<reconciler::write>(show("a", ++last, record_of("a", 5, {}, 2)));
  CAF_CHECK_EQUAL(names(*x.value), "1 -2 ");
  take(x);
  auto xs = take_all(confirms("a", *x.value));
  CAF_CHECK_EQUAL(names(xs.at("b")), "2 3 ");
}

CAF_TEST(a record that was recreated unseen does not free what it named) {
  show("a", 1, record_of("a", 50, {1}, 2));
  show("b", 2, record_of("b", 50, {}, 2));
  auto xs = replay();
  lives("b");
  CAF_CHECK(want({{"a", {}}, {"b", {1}}}).empty());
  CAF_MESSAGE("it was removed and created, and the watch shows only the last state");
  show("a", 5, record_of("a2", 0, {}, 0));
  answer("a", conflict());
  auto x =
      only<reconciler::write>(answer("a", holds(5, to_text(record_of("a2", 0, {}, 0)))));
  CAF_CHECK_EQUAL(x.value->worker_nonce.value, "a");
  CAF_CHECK_EQUAL(names(*x.value), "1 ");
  auto ys = take(std::get<reconciler::write>(xs[1]));
  CAF_CHECK(ys.empty());
  only<reconciler::sealed>(take(x));
  CAF_CHECK(lives("b").empty());
  CAF_MESSAGE("only the end of the one that it named does");
  beat y;
  y.nonce = {"a2"};
  y.replaces = {"a"};
  auto zs = take_all(beats_as("a", y));
  CAF_CHECK_EQUAL(names(zs.at("b")), "1 ");
}

CAF_TEST_FIXTURE_SCOPE_END()
