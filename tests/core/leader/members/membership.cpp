// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE core.membership

#include "membership_fixture.hpp"

/// Who takes part, by heartbeats, marks and records.
using namespace core_test;

CAF_TEST_FIXTURE_SCOPE(membership_tests, membership_fixture)

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

CAF_TEST(only the incarnation that the record names is held for its restart) {
  an_owner();
  CAF_MESSAGE("another one came in its place and restarts before the record names it");
  show(1, 2, beat_of("b", beat_state::joining, "a"));
  is(show(1, 3, "b", beat_state::restarting), change::left, 1);
  CAF_CHECK(!group.takes_part(id(1), now));
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

CAF_TEST_FIXTURE_SCOPE_END()
