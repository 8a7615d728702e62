// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE core.incarnation_end

#include "membership_fixture.hpp"

/// When an incarnation has ended for certain.
using namespace core_test;

CAF_TEST_FIXTURE_SCOPE(incarnation_end_tests, membership_fixture)

// -- the four ways to end, and no other -------------------------------------------------

CAF_TEST(an incarnation has ended once it said goodbye) {
  an_owner();
  show(1, 2, "a", beat_state::stopped);
  CAF_CHECK(ended(1, "a"));
  show(2, 3, "b");
  name(2, "b");
  show(2, 4, "b", beat_state::restarting);
  CAF_CHECK(ended(2, "b"));
}

CAF_TEST(an incarnation has ended once an expelled mark names it and no other one has) {
  an_owner();
  show(1, 2, "b", beat_state::expelled);
  CAF_CHECK(!ended(1, "a"));
  show(2, 3, "c");
  name(2, "c");
  show(2, 4, "c", beat_state::expelled);
  CAF_CHECK(ended(2, "c"));
}

CAF_TEST(an incarnation has ended once the heartbeat in its place replaces it) {
  an_owner();
  show(1, 2, beat_of("b", beat_state::joining, "a"));
  CAF_CHECK(ended(1, "a"));
  CAF_CHECK(!ended(1, "b"));
}

CAF_TEST(
    an incarnation has ended ttl and five per cent after another one took its place) {
  an_owner();
  show(1, 2, "b");
  CAF_CHECK(!ended(1, "a"));
  now += 6s;
  show(1, 3, "b");
  now += 299ms;
  CAF_CHECK(!ended(1, "a"));
  CAF_CHECK(tick().ended.empty());
  CAF_CHECK(*group.wake_at() == now + 1ms);
  now += 1ms;
  CAF_CHECK(ended(1, "a"));
  auto x = tick().ended;
  CAF_REQUIRE_EQUAL(x.size(), 1u);
  CAF_CHECK_EQUAL(x.front(), id(1));
  CAF_CHECK(tick().ended.empty());
}

CAF_TEST(another incarnation where the named one was never seen may be older) {
  CAF_MESSAGE("the watch of the heartbeats lags behind that of the records");
  show(1, 2, "b");
  now += 6s;
  name(1, "a");
  now += 300ms;
  CAF_CHECK(!ended(1, "a"));
  now += 100s;
  CAF_CHECK(!ended(1, "a"));
  CAF_CHECK(tick().ended.empty());
  CAF_MESSAGE("so it is for marks");
  show(2, 3, "b", beat_state::stopped);
  name(2, "a");
  now += 100s;
  CAF_CHECK(tick().ended.empty());
  CAF_CHECK(!ended(2, "a"));
}

CAF_TEST(whether it is older is looked up until it is known) {
  show(1, 2, "b");
  name(1, "a");
  auto x = tick().looks;
  CAF_REQUIRE_EQUAL(x.size(), 1u);
  CAF_CHECK_EQUAL(x.front().who, id(1));
  CAF_CHECK_EQUAL(x.front().incarnation.value, "a");
  CAF_CHECK(tick().looks.empty());
  CAF_MESSAGE("nothing was found, or the named one");
  group.looked(id(1), {"a"}, {"a"}, now);
  now += 1499ms;
  CAF_CHECK(tick().looks.empty());
  now += 1ms;
  CAF_CHECK_EQUAL(tick().looks.size(), 1u);
  CAF_MESSAGE("another one");
  group.looked(id(1), {"a"}, {"c"}, now);
  show(1, 3, "b");
  now += 6s;
  show(1, 4, "b");
  now += 299ms;
  CAF_CHECK(!ended(1, "a"));
  now += 1ms;
  CAF_CHECK(ended(1, "a"));
  CAF_CHECK(tick().looks.empty());
}

CAF_TEST(where a look finds no incarnation the named one has ended after the silence) {
  CAF_MESSAGE("a mark of a later incarnation is all that was seen, and its key expired");
  show(1, 2, "b", beat_state::expelled);
  name(1, "a");
  CAF_REQUIRE_EQUAL(tick().looks.size(), 1u);
  now += 10s;
  group.looked(id(1), {"a"}, {}, now);
  now += 6299ms;
  CAF_CHECK(!ended(1, "a"));
  CAF_CHECK(tick().looks.empty());
  now += 1ms;
  CAF_CHECK_EQUAL(tick().ended.size(), 1u);
  CAF_CHECK(ended(1, "a"));
}

CAF_TEST(a look that was asked about another incarnation says nothing) {
  show(1, 2, "b");
  name(1, "a");
  tick();
  name(1, "c");
  group.looked(id(1), {"a"}, {"b"}, now);
  now += 6300ms;
  CAF_CHECK(!ended(1, "c"));
}

CAF_TEST(nothing is looked up where nothing depends on it) {
  show(1, 2, "b");
  name(1, "a", false);
  show(2, 3, beat_of("d", beat_state::working, "c"));
  name(2, "c");
  CAF_CHECK(tick().looks.empty());
}

CAF_TEST(an incarnation has ended ttl and five per cent after a forced mark) {
  an_owner();
  show(1, 2, "a", beat_state::forced);
  CAF_CHECK(!ended(1, "a"));
  nothing_until(6300ms);
  CAF_CHECK(ended(1, "a"));
  CAF_CHECK_EQUAL(tick().ended.size(), 1u);
  CAF_CHECK(!group.wake_at());
}

CAF_TEST(the wait goes on although the key is gone meanwhile) {
  an_owner();
  show(1, 2, "a", beat_state::forced);
  now += 1s;
  CAF_CHECK(group.key_gone(id(1), {3}, now, now).empty());
  now += 5299ms;
  CAF_CHECK(!ended(1, "a"));
  now += 1ms;
  CAF_CHECK(ended(1, "a"));
}

CAF_TEST(an incarnation that stands in its place again has not ended) {
  an_owner();
  show(1, 2, "b");
  now += 5s;
  show(1, 3, "a");
  now += 5s;
  show(1, 4, "a");
  CAF_CHECK(tick().ended.empty());
  CAF_CHECK(!ended(1, "a"));
}

CAF_TEST(what has ended stays ended) {
  an_owner();
  show(1, 2, "a", beat_state::expelled);
  CAF_MESSAGE("a write that came late shows it again");
  show(1, 3, "a");
  CAF_CHECK(ended(1, "a"));
  CAF_CHECK(!group.living(id(1)));
  CAF_CHECK(!group.takes_part(id(1), now));
  CAF_MESSAGE("which is in the way of the next one until it is expelled");
  nothing_until(6300ms);
  CAF_CHECK_EQUAL(only_expel(tick()).over.value, 3u);
}

CAF_TEST(what was never seen has not ended) {
  CAF_CHECK(!ended(1, "a"));
  name(1, "a");
  now += 1000s;
  CAF_CHECK(!ended(1, "a"));
}

// -- incarnations without a record ------------------------------------------------------

CAF_TEST(an incarnation whose record vanished has ended as any other) {
  CAF_MESSAGE("forced: after ttl and five per cent");
  show(1, 1, "a", beat_state::forced);
  group.unrecorded(id(1), {"a"}, stated);
  now += 6299ms;
  CAF_CHECK(tick().ended.empty());
  CAF_CHECK(!ended(1, "a"));
  now += 1ms;
  CAF_CHECK_EQUAL(tick().ended.size(), 1u);
  CAF_CHECK(ended(1, "a"));
  CAF_MESSAGE("replaced: at once");
  show(2, 2, "b");
  group.unrecorded(id(2), {"b"}, stated);
  show(2, 3, beat_of("c", beat_state::joining, "b"));
  CAF_CHECK(ended(2, "b"));
}

CAF_TEST(an incarnation whose record names another one now is followed to its end) {
  an_owner();
  group.unrecorded(id(1), {"a"}, stated);
  name(1, "b", false);
  CAF_CHECK(!ended(1, "a"));
  CAF_MESSAGE("another one stands there, and does not say that it replaces a");
  show(1, 2, "b");
  now += 6299ms;
  show(1, 3, "b");
  CAF_CHECK(!ended(1, "a"));
  now += 1ms;
  tick();
  CAF_CHECK(ended(1, "a"));
}

CAF_TEST(so is one whose record gave it nothing before it vanished) {
  show(1, 1, "a");
  name(1, "a", false);
  group.unrecorded(id(1), {"a"}, stated);
  name(1, "b", false);
  show(1, 2, "b");
  now += 6s;
  show(1, 3, "b");
  now += 300ms;
  CAF_CHECK(ended(1, "a"));
  CAF_CHECK_EQUAL(tick().ended.size(), 1u);
}

CAF_TEST(an incarnation that lost its record and its heartbeat is looked for) {
  an_owner();
  group.key_gone(id(1), {2}, now, now);
  CAF_CHECK(tick().looks.empty());
  group.unrecorded(id(1), {"a"}, stated);
  auto x = tick().looks;
  CAF_REQUIRE_EQUAL(x.size(), 1u);
  CAF_CHECK_EQUAL(x.front().incarnation.value, "a");
}

CAF_TEST(where an incarnation without a record is not seen the streams leader is asked) {
  group.unrecorded(id(1), {"a"}, stated);
  auto x = tick();
  CAF_REQUIRE_EQUAL(x.looks.size(), 1u);
  CAF_CHECK_EQUAL(x.looks.front().incarnation.value, "a");
  CAF_MESSAGE("asked again until it is known");
  now += 1500ms;
  CAF_CHECK_EQUAL(tick().looks.size(), 1u);
  group.looked(id(1), {"a"}, {}, now);
  now += 6299ms;
  CAF_CHECK(tick().looks.empty());
  CAF_CHECK(!ended(1, "a"));
  now += 1ms;
  tick();
  CAF_CHECK(ended(1, "a"));
  CAF_CHECK(!group.wake_at());
}

CAF_TEST_FIXTURE_SCOPE_END()
