// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE core.silence

#include "membership_fixture.hpp"

/// How long a worker may be silent, and when a mark over what was seen is asked for.
using namespace core_test;

CAF_TEST_FIXTURE_SCOPE(silence_tests, membership_fixture)

CAF_TEST(silence for ttl and five per cent asks for a mark over exactly what was seen) {
  an_owner();
  now += 3s;
  show(1, 7, "a");
  nothing_until(6300ms);
  auto x = only_expel(tick());
  CAF_CHECK_EQUAL(x.who, id(1));
  CAF_CHECK_EQUAL(x.nonce.value, "a");
  CAF_CHECK_EQUAL(x.over.value, 7u);
  CAF_MESSAGE("silence itself ends no incarnation");
  CAF_CHECK(!ended(1, "a"));
  CAF_CHECK(group.takes_part(id(1), now));
  now += 100s;
  tick();
  CAF_CHECK(!ended(1, "a"));
}

CAF_TEST(a mark is asked for once for each revision) {
  an_owner();
  now += 6300ms;
  only_expel(tick());
  CAF_CHECK(tick().expels.empty());
  now += 100s;
  CAF_CHECK(tick().expels.empty());
  CAF_MESSAGE("it lived after all, and falls silent again");
  show(1, 2, "a");
  nothing_until(6300ms);
  CAF_CHECK_EQUAL(only_expel(tick()).over.value, 2u);
}

CAF_TEST(silence counts from the first sight and not from when that was reported) {
  now += 6s;
  group.beat_shown(id(1), {1}, beat_of("a"), now - 6s, now);
  nothing_until(300ms);
  only_expel(tick());
}

CAF_TEST(a worker that drains is not left out of the watch) {
  show(1, 1, "a", beat_state::draining);
  nothing_until(6300ms);
  only_expel(tick());
}

CAF_TEST(a worker that said goodbye is not expelled) {
  an_owner();
  show(1, 2, "a", beat_state::stopped);
  now += 100s;
  CAF_CHECK(tick().expels.empty());
}

CAF_TEST(an owner without any heartbeat is expelled over its absence) {
  name(1, "a");
  nothing_until(6300ms);
  auto x = only_expel(tick());
  CAF_CHECK_EQUAL(x.nonce.value, "a");
  CAF_CHECK_EQUAL(x.over.value, 0u);
}

CAF_TEST(an absence counts from when all heartbeats were shown first) {
  now += 6s;
  name(1, "a");
  nothing_until(300ms);
  only_expel(tick());
}

CAF_TEST(an absence does not count before all heartbeats were shown) {
  membership fresh{{.ttl = 6s, .restart_hold = 30s, .grace = 5s}};
  fresh.named(id(1), {"a"}, {}, true, now);
  now += 5s;
  fresh.replayed(now, now);
  now += 6299ms;
  CAF_CHECK(fresh.tick(now).expels.empty());
  now += 1ms;
  CAF_CHECK_EQUAL(fresh.tick(now).expels.size(), 1u);
}

CAF_TEST(a worker that owns nothing and never sent a heartbeat is left alone) {
  name(1, "a", false);
  CAF_CHECK(!group.wake_at());
  now += 100s;
  CAF_CHECK(tick().expels.empty());
}

CAF_TEST(a key that is gone ends no incarnation and is silent from then on) {
  an_owner();
  now += 6s;
  CAF_CHECK(group.key_gone(id(1), {2}, now, now).empty());
  CAF_CHECK(!group.living(id(1)));
  nothing_until(6300ms);
  CAF_CHECK(!ended(1, "a"));
  auto x = only_expel(tick());
  CAF_CHECK_EQUAL(x.nonce.value, "a");
  CAF_CHECK_EQUAL(x.over.value, 2u);
  CAF_CHECK(!ended(1, "a"));
}

CAF_TEST(a heartbeat that cannot be read is silence and proves nothing) {
  an_owner();
  now += 6s;
  CAF_CHECK(group.key_unreadable(id(1), {2}, now, now).empty());
  CAF_CHECK(!group.living(id(1)));
  nothing_until(6300ms);
  CAF_CHECK(!ended(1, "a"));
  CAF_CHECK_EQUAL(only_expel(tick()).over.value, 2u);
  CAF_MESSAGE("also where no record names an incarnation");
  CAF_CHECK(group.key_unreadable(id(2), {3}, now, now).empty());
  nothing_until(6300ms);
  CAF_CHECK_EQUAL(only_expel(tick()).who, id(2));
}

CAF_TEST(no worker is silent while the heartbeats are not visible) {
  an_owner();
  group.interrupted();
  CAF_CHECK(!group.wake_at());
  now += 100s;
  CAF_CHECK(tick().expels.empty());
}

CAF_TEST(for the grace after the heartbeats were not visible no worker is expelled) {
  an_owner();
  now += 6s;
  group.interrupted();
  now += 10s;
  group.replayed(now - 16s, now);
  nothing_until(5s);
  only_expel(tick());
}

CAF_TEST(after the first replay there is no grace) {
  membership fresh{{.ttl = 6s, .restart_hold = 30s, .grace = 5s}};
  fresh.beat_shown(id(1), {1}, beat_of("a"), now, now);
  now += 6300ms;
  fresh.replayed(now, now);
  CAF_CHECK_EQUAL(fresh.tick(now).expels.size(), 1u);
}

// -- mass silence -----------------------------------------------------------------------

CAF_TEST(three of nine that are silent together are waited for once more) {
  for (int i = 0; i < 9; ++i)
    show(i, static_cast<std::uint64_t>(i) + 1, "a");
  now += 3s;
  for (int i = 3; i < 9; ++i)
    show(i, static_cast<std::uint64_t>(i) + 11, "a");
  now += 3299ms;
  CAF_CHECK(tick().expels.empty());
  for (int i = 3; i < 9; ++i)
    show(i, static_cast<std::uint64_t>(i) + 21, "a");
  now += 1ms;
  CAF_CHECK(tick().expels.empty());
  now += 5999ms;
  for (int i = 3; i < 9; ++i)
    show(i, static_cast<std::uint64_t>(i) + 31, "a");
  CAF_CHECK(tick().expels.empty());
  now += 1ms;
  CAF_CHECK_EQUAL(tick().expels.size(), 3u);
}

CAF_TEST(three of ten that are silent together are not too many) {
  for (int i = 0; i < 10; ++i)
    show(i, static_cast<std::uint64_t>(i) + 1, "a");
  now += 6s;
  for (int i = 3; i < 10; ++i)
    show(i, static_cast<std::uint64_t>(i) + 11, "a");
  now += 300ms;
  CAF_CHECK_EQUAL(tick().expels.size(), 3u);
}

CAF_TEST(two workers that are silent are not too many even if they are all) {
  show(0, 1, "a");
  show(1, 2, "a");
  now += 6300ms;
  CAF_CHECK_EQUAL(tick().expels.size(), 2u);
}

CAF_TEST(who is suspected late is still waited for a whole ttl) {
  for (int i = 0; i < 3; ++i)
    show(i, static_cast<std::uint64_t>(i) + 1, "a");
  CAF_MESSAGE("this process slept");
  now += 20s;
  CAF_CHECK(tick().expels.empty());
  CAF_CHECK(*group.wake_at() == now + 6s);
  now += 5999ms;
  CAF_CHECK(tick().expels.empty());
  now += 1ms;
  CAF_CHECK_EQUAL(tick().expels.size(), 3u);
}

CAF_TEST(a worker that was waited for once more is not waited for a third time) {
  for (int i = 0; i < 3; ++i)
    show(i, static_cast<std::uint64_t>(i) + 1, "a");
  now += 6300ms;
  CAF_CHECK(tick().expels.empty());
  CAF_CHECK(*group.wake_at() == now + 6s);
  now += 6s;
  CAF_CHECK_EQUAL(tick().expels.size(), 3u);
  CAF_MESSAGE("but after a heartbeat it is a new silence");
  show(0, 10, "a");
  show(1, 11, "a");
  show(2, 12, "a");
  now += 6300ms;
  CAF_CHECK(tick().expels.empty());
}

// -- settings of their own --------------------------------------------------------------

CAF_TEST(a worker that states a longer ttl is waited for as long) {
  stated.ttl = 12s;
  an_owner();
  now += 12599ms;
  CAF_CHECK(tick().expels.empty());
  now += 1ms;
  CAF_CHECK_EQUAL(only_expel(tick()).who, id(1));
}

CAF_TEST(a shorter ttl ends the wait sooner) {
  stated.ttl = 2s;
  an_owner();
  now += 2099ms;
  CAF_CHECK(tick().expels.empty());
  now += 1ms;
  only_expel(tick());
}

CAF_TEST(the ttl of a record counts for whom it names and not for a later incarnation) {
  stated.ttl = 12s;
  an_owner();
  stated.ttl = 2s;
  show(1, 2, "b");
  now += 12599ms;
  tick();
  CAF_CHECK(!ended(1, "a"));
  now += 1ms;
  CAF_CHECK(ended(1, "a"));
}

CAF_TEST(an owner without any heartbeat is waited for as its record states) {
  stated.ttl = 12s;
  name(1, "a");
  now += 12599ms;
  CAF_CHECK(tick().expels.empty());
  now += 1ms;
  only_expel(tick());
}

CAF_TEST(an incarnation of which nothing is known is waited for as the longest ttl) {
  CAF_CHECK(group.longest_silence() == 6300ms);
  stated.ttl = 2s;
  show(1, 1, "a");
  CAF_CHECK(group.longest_silence() == 6300ms);
  stated.ttl = 12s;
  CAF_MESSAGE("stated by a mark, by a record, by one whose record vanished, or before");
  show(2, 1, "b", beat_state::stopped);
  CAF_CHECK(group.longest_silence() == 12600ms);
  stated.ttl = 14s;
  name(3, "c");
  CAF_CHECK(group.longest_silence() == 14700ms);
  stated.ttl = 16s;
  group.unrecorded(id(4), {"d"}, stated);
  CAF_CHECK(group.longest_silence() == 16800ms);
  membership next{{.ttl = 6s, .longest_ttl = 20s}};
  CAF_CHECK(next.longest_silence() == 21s);
}

CAF_TEST_FIXTURE_SCOPE_END()
