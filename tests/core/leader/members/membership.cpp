// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE core.membership

#include "../../support.hpp"

#include "partita/core/leader/members/membership.hpp"

using namespace core_test;

namespace {

using change = membership::change;

/// ttl 6 s, so that silence is noticed after 6.3 s; restart_hold 30 s; grace 5 s.
struct fixture {
  time_point now = time_point{} + 1000s;
  membership group{{.ttl = 6s, .restart_hold = 30s, .grace = 5s}};

  /// By the heartbeats and records of those that follow.
  session_terms stated;

  fixture() { group.replayed(now, now); }

  static worker_id id(int number) { return {"worker-" + std::to_string(number)}; }

  beat beat_of(const std::string& nonce, beat_state state = beat_state::working,
               const std::string& replaces = "") {
    beat x;
    x.nonce = {nonce};
    x.state = state;
    x.replaces = {replaces};
    x.terms = stated;
    return x;
  }

  std::vector<membership::news> show(int number, std::uint64_t at, const beat& x) {
    return group.beat_shown(id(number), {at}, x, now, now);
  }
  std::vector<membership::news> show(int number, std::uint64_t at,
                                     const std::string& nonce,
                                     beat_state state = beat_state::working) {
    return show(number, at, beat_of(nonce, state));
  }

  std::vector<membership::news> name(int number, const std::string& nonce,
                                     bool holds = true) {
    return group.named(id(number), {nonce}, stated, holds, now);
  }

  bool ended(int number, const std::string& nonce) {
    return group.ended(id(number), {nonce}, now);
  }

  void is(const std::vector<membership::news>& xs, change what, int number) {
    CAF_REQUIRE_EQUAL(xs.size(), 1u);
    CAF_CHECK(xs.front().what == what);
    CAF_CHECK_EQUAL(xs.front().who, id(number));
  }

  /// A tick that does nothing does not ask for another one at once.
  membership::outcome tick() {
    auto result = group.tick(now);
    auto idle = result.news.empty() && result.expels.empty() && result.ended.empty()
                && result.looks.empty();
    CAF_CHECK(!idle || !group.wake_at() || *group.wake_at() > now);
    return result;
  }

  void nothing_until(duration how_long) {
    CAF_REQUIRE(group.wake_at());
    CAF_CHECK(*group.wake_at() == now + how_long);
    now += how_long - 1ms;
    auto x = tick();
    CAF_CHECK(x.news.empty() && x.expels.empty() && x.ended.empty());
    now += 1ms;
  }

  membership::expel only_expel(const membership::outcome& x) {
    CAF_REQUIRE_EQUAL(x.expels.size(), 1u);
    CAF_CHECK(x.news.empty() && x.ended.empty());
    return x.expels.front();
  }

  /// Worker 1 is there, and its record gives something to incarnation a.
  void an_owner() {
    show(1, 1, "a");
    name(1, "a");
    CAF_CHECK(!ended(1, "a"));
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(membership_tests, fixture)

// -- who takes part ---------------------------------------------------------------------

CAF_TEST(a worker that sends heartbeats takes part unless it drains) {
  is(show(1, 1, "a", beat_state::joining), change::joined, 1);
  is(show(2, 2, "b", beat_state::working), change::joined, 2);
  CAF_CHECK(show(3, 3, "c", beat_state::draining).empty());
  CAF_CHECK(show(1, 4, "a").empty());
  CAF_CHECK(group.takes_part(id(1), now));
  CAF_CHECK(!group.takes_part(id(3), now));
  CAF_CHECK(!group.takes_part(id(4), now));
}

CAF_TEST(a worker that begins to drain is reported once and lives on) {
  show(1, 1, "a");
  is(show(1, 2, "a", beat_state::draining), change::drains, 1);
  CAF_CHECK(show(1, 3, "a", beat_state::draining).empty());
  CAF_CHECK(group.living(id(1)));
  is(show(1, 4, "b"), change::joined, 1);
}

CAF_TEST(another incarnation of a worker that takes part replaces it) {
  show(1, 1, "a");
  is(show(1, 2, "b", beat_state::joining), change::replaced, 1);
  CAF_CHECK_EQUAL(group.living(id(1))->nonce.value, "b");
}

CAF_TEST(a goodbye is leaving and an order to end is a loss) {
  std::uint64_t at = 0;
  auto is_told = [&](beat_state how, change what) {
    auto nonce = std::to_string(at);
    is(show(1, ++at, nonce), change::joined, 1);
    is(show(1, ++at, nonce, how), what, 1);
    CAF_CHECK(!group.living(id(1)));
    CAF_CHECK(group.said_goodbye(id(1)));
    CAF_CHECK(!group.wake_at());
  };
  is_told(beat_state::stopped, change::left);
  is_told(beat_state::restarting, change::left);
  is_told(beat_state::expelled, change::lost);
  is_told(beat_state::forced, change::lost);
}

CAF_TEST(a mark of a worker that was never seen is no news) {
  CAF_CHECK(show(1, 1, "a", beat_state::stopped).empty());
  CAF_CHECK(!group.takes_part(id(1), now));
}

CAF_TEST(a worker that restarts takes part for the hold if its record gives it something) {
  an_owner();
  CAF_CHECK(show(1, 2, "a", beat_state::restarting).empty());
  nothing_until(30s);
  CAF_CHECK(!group.takes_part(id(1), now));
  is(tick().news, change::left, 1);
  CAF_CHECK(!group.wake_at());
}

CAF_TEST(the hold counts from when the goodbye was first seen) {
  an_owner();
  now += 20s;
  group.beat_shown(id(1), {2}, beat_of("a", beat_state::restarting), now - 20s, now);
  nothing_until(10s);
  is(tick().news, change::left, 1);
}

CAF_TEST(a worker that comes back within the hold takes part without a break) {
  an_owner();
  show(1, 2, "a", beat_state::restarting);
  now += 29999ms;
  CAF_CHECK(show(1, 3, beat_of("b", beat_state::joining, "a")).empty());
  now += 1ms;
  CAF_CHECK(tick().news.empty());
  CAF_CHECK(group.takes_part(id(1), now));
  CAF_CHECK(ended(1, "a"));
}

CAF_TEST(
    a worker without any heartbeat takes part only if its record gives it something) {
  CAF_CHECK(name(1, "a", false).empty());
  is(name(2, "b"), change::joined, 2);
  CAF_CHECK(group.takes_part(id(2), now));
  is(name(2, "b", false), change::left, 2);
}

CAF_TEST(a worker whose key is gone
         or unreadable takes part only while it owns something) {
  show(1, 1, "a");
  is(group.key_gone(id(1), {2}, now, now), change::left, 1);
  CAF_CHECK(!group.wake_at());
  show(2, 3, "b");
  is(group.key_unreadable(id(2), {4}, now, now), change::left, 2);
}

CAF_TEST(what is older than what was shown is ignored) {
  show(1, 5, "a");
  CAF_CHECK(show(1, 5, "a", beat_state::stopped).empty());
  CAF_CHECK(show(1, 4, "b").empty());
  CAF_CHECK_EQUAL(group.living(id(1))->nonce.value, "a");
}

CAF_TEST(what a heartbeat says is known) {
  auto x = beat_of("a");
  x.capacity = 300;
  x.zone = "z";
  x.applied = {{2}, {7}};
  show(1, 4, x);
  CAF_CHECK_EQUAL(*group.living(id(1)), x);
  CAF_CHECK_EQUAL(group.find(id(1))->revision.value, 4u);
  CAF_CHECK(!group.find(id(2)));
}

CAF_TEST(workers are in the order of their numbers) {
  for (int number : {10, 2, 1, 0, 33})
    show(number, static_cast<std::uint64_t>(number) + 1, "a");
  std::vector<int> order;
  for (const auto& [who, x] : group.members())
    order.push_back(std::stoi(who.value.substr(7)));
  CAF_CHECK_EQUAL(order, std::vector<int>({0, 1, 2, 10, 33}));
  by_number less;
  CAF_CHECK(less({"a-2"}, {"b-2"}));
  CAF_CHECK(less({"nameless"}, {"a-1"}));
  CAF_CHECK(!less({"a-2"}, {"a-2"}));
}

// -- silence ----------------------------------------------------------------------------

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

// -- incarnations without a record -------------------------------------------------------

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

CAF_TEST(only the incarnation that the record names is held for its restart) {
  an_owner();
  CAF_MESSAGE("another one came in its place and restarts before the record names it");
  show(1, 2, beat_of("b", beat_state::joining, "a"));
  is(show(1, 3, "b", beat_state::restarting), change::left, 1);
  CAF_CHECK(!group.takes_part(id(1), now));
}

// -- settings of their own -----------------------------------------------------------------

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
