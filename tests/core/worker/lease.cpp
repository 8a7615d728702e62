// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE core.lease

#include "lease_fixture.hpp"

#include <set>

using namespace core_test;

CAF_TEST_FIXTURE_SCOPE(lease_tests, lease_fixture)

CAF_TEST(no worker stands for election before the key is known) {
  CAF_CHECK(tick().empty());
  now += 100s;
  CAF_CHECK(tick().empty());
  CAF_CHECK(!mine.wake_at());
}

CAF_TEST(a key that is gone is created after a jitter of at most a three hundredth) {
  std::set<duration> pauses;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    core::lease x{{3s, seed}};
    auto early = x.step(lease::key_gone{}, now);
    auto at = early.empty() ? *x.wake_at() : now;
    CAF_CHECK(at >= now);
    CAF_CHECK(at <= now + 10ms);
    pauses.insert(at - now);
    if (!early.empty())
      continue;
    CAF_CHECK(x.step(lease::tick{}, at - 1ns).empty());
    CAF_CHECK_EQUAL(count<lease::write>(x.step(lease::tick{}, at)), 1u);
  }
  CAF_MESSAGE("not all at the same moment");
  CAF_CHECK(pauses.size() > 90u);
}

CAF_TEST(a follower takes an unchanged key over after a whole lease by that revision) {
  on(lease::key_shown{{5}});
  now += 2s;
  CAF_MESSAGE("the same revision again is no news");
  on(lease::key_shown{{5}});
  now += 999ms;
  CAF_CHECK(tick().empty());
  CAF_CHECK(*mine.wake_at() == now + 1ms);
  now += 1ms;
  CAF_CHECK_EQUAL(only<lease::write>(tick()).expected.value, 5u);
}

CAF_TEST(every renewal that is seen starts the wait again) {
  for (std::uint64_t at = 5; at < 20; ++at) {
    on(lease::key_shown{{at}});
    now += 2999ms;
    CAF_CHECK(tick().empty());
  }
  now += 1ms;
  CAF_CHECK_EQUAL(only<lease::write>(tick()).expected.value, 19u);
}

CAF_TEST(a leader renews every third of the lease by its own revision) {
  become_leader();
  auto sent = now;
  for (std::uint64_t at = 1; at < 10; ++at) {
    now = sent + 999ms;
    CAF_CHECK(tick().empty());
    now += 1ms;
    sent = now;
    CAF_CHECK_EQUAL(only<lease::write>(tick()).expected.value, at);
    now += 200ms;
    CAF_CHECK(answer(done(at + 1)).empty());
    CAF_CHECK(mine.leading());
  }
}

CAF_TEST(the deadline counts from when the last good write was sent) {
  become_leader();
  now += 1s;
  auto sent = now;
  tick();
  now += 900ms;
  CAF_MESSAGE("the answer comes late; the next renewal gets none");
  answer(done(2));
  now = sent + 1s;
  CAF_CHECK_EQUAL(only<lease::write>(tick()).expected.value, 2u);
  now = sent + 2399ms;
  CAF_CHECK(tick().empty());
  CAF_CHECK(mine.leading());
  CAF_CHECK(*mine.wake_at() == sent + 2400ms);
  now += 1ms;
  is_deposed_by(tick());
}

CAF_TEST(repeats after an unknown outcome do not move the deadline) {
  become_leader();
  now += 1s;
  auto sent = now;
  tick();
  now += 500ms;
  CAF_CHECK(answer(no_answer()).empty());
  now += 100ms;
  CAF_CHECK_EQUAL(only<lease::write>(tick()).expected.value, 1u);
  now += 400ms;
  answer(conflict());
  answer(holds(2), true);
  CAF_CHECK(mine.leading());
  CAF_MESSAGE("the next renewal is due, as the first try was sent a second ago");
  now = sent + 2399ms;
  tick();
  CAF_CHECK(mine.leading());
  now += 1ms;
  is_deposed_by(tick());
}

CAF_TEST(a leader that cannot reach the store tries on and steps down in time) {
  become_leader();
  auto sent = now;
  now += 1s;
  only<lease::write>(tick());
  while (now < sent + 2300ms) {
    CAF_CHECK(answer(not_connected()).empty());
    now += 99ms;
    CAF_CHECK(tick().empty());
    CAF_CHECK(mine.leading());
    now += 1ms;
    only<lease::write>(tick());
  }
  answer(not_connected());
  now += 99ms;
  CAF_CHECK(tick().empty());
  CAF_CHECK(mine.leading());
  now += 1ms;
  is_deposed_by(tick());
}

CAF_TEST(a process that slept past its deadline is deposed before its mail counts) {
  become_leader();
  now += 1s;
  tick();
  now += 20s;
  auto xs = answer(done(2));
  CAF_REQUIRE(!xs.empty());
  CAF_REQUIRE(std::holds_alternative<lease::announce>(xs.front()));
  CAF_CHECK(!std::get<lease::announce>(xs.front()).leading);
  CAF_CHECK_EQUAL(count<lease::announce>(xs), 1u);
  CAF_MESSAGE("the key is still ours: it is renewed at once and by that we lead again");
  CAF_CHECK_EQUAL(one<lease::write>(xs).expected.value, 2u);
  CAF_CHECK(only<lease::announce>(answer(done(3))).leading);
}

CAF_TEST(an answer that comes just in time makes a leader and one at the deadline none) {
  on(lease::key_gone{});
  now += 10ms;
  tick();
  auto other = mine;
  now += 2399ms;
  CAF_CHECK(one<lease::announce>(answer(done(1))).leading);
  now += 1ms;
  auto xs = other.step(lease::write_answered{done(1)}, now);
  CAF_CHECK_EQUAL(count<lease::announce>(xs), 0u);
  CAF_CHECK(!other.leading());
}

CAF_TEST(a late answer does not take the key from a holder that was seen since) {
  on(lease::key_gone{});
  now += 10ms;
  tick();
  now += 10s;
  on(lease::key_shown{{6}});
  CAF_CHECK(answer(done(5)).empty());
  now += 2999ms;
  CAF_CHECK(tick().empty());
  now += 1ms;
  CAF_CHECK_EQUAL(only<lease::write>(tick()).expected.value, 6u);
}

CAF_TEST(a holder that wrote over our key before our answer came leads) {
  on(lease::key_gone{});
  now += 10ms;
  tick();
  on(lease::key_shown{{6}});
  CAF_CHECK(answer(done(5)).empty());
  CAF_CHECK(!mine.leading());
}

CAF_TEST(a candidate whose own entry is shown before its answer leads by the answer) {
  on(lease::key_gone{});
  now += 10ms;
  tick();
  CAF_CHECK(on(lease::key_shown{{1}, true}).empty());
  CAF_CHECK(only<lease::announce>(answer(done(1))).leading);
  CAF_CHECK(mine.leads_until() == now + 2400ms);
}

CAF_TEST(another holder of the key deposes at once and our own entry does not ) {
  become_leader();
  on(lease::key_shown{{1}, true});
  CAF_CHECK(mine.leading());
  now += 1s;
  tick();
  on(lease::key_shown{{2}, true});
  CAF_CHECK(mine.leading());
  answer(done(2));
  CAF_MESSAGE("late news of an earlier holder");
  on(lease::key_shown{{1}, false});
  CAF_CHECK(mine.leading());
  is_deposed_by(on(lease::key_shown{{3}, false}));
  now += 2999ms;
  CAF_CHECK(tick().empty());
  now += 1ms;
  CAF_CHECK_EQUAL(only<lease::write>(tick()).expected.value, 3u);
}

CAF_TEST(a renewal that meets another holder deposes) {
  become_leader();
  now += 1s;
  tick();
  only<lease::read>(answer(conflict()));
  CAF_CHECK(mine.leading());
  is_deposed_by(answer(holds(4), false));
  now += 3s;
  CAF_CHECK_EQUAL(only<lease::write>(tick()).expected.value, 4u);
}

CAF_TEST(a leader whose key is gone writes it again) {
  become_leader();
  auto xs = on(lease::key_gone{{3}});
  CAF_CHECK(mine.leading());
  CAF_CHECK_EQUAL(only<lease::write>(xs).expected.value, 1u);
  answer(conflict());
  xs = answer(mark(3));
  CAF_CHECK(mine.leading());
  CAF_CHECK_EQUAL(only<lease::write>(xs).expected.value, 0u);
  answer(done(4));
  CAF_CHECK(mine.leading());
}

CAF_TEST(news from before a removal do not bring the key back) {
  on(lease::key_shown{{5}});
  on(lease::key_gone{{6}});
  on(lease::key_shown{{5}});
  now += 10ms;
  CAF_CHECK_EQUAL(only<lease::write>(tick()).expected.value, 0u);
}

CAF_TEST(nor do they where a conflict has shown the removal) {
  on(lease::key_shown{{4}});
  now += 3s;
  tick();
  answer(conflict());
  CAF_CHECK(answer(mark(6)).empty());
  CAF_CHECK(on(lease::key_shown{{5}}).empty());
  now += 10ms;
  CAF_CHECK_EQUAL(only<lease::write>(tick()).expected.value, 0u);
}

CAF_TEST(a mark that is older than the value that was seen is no removal) {
  on(lease::key_shown{{7}});
  on(lease::key_gone{{6}});
  now += 2999ms;
  CAF_CHECK(tick().empty());
  now += 1ms;
  CAF_CHECK_EQUAL(only<lease::write>(tick()).expected.value, 7u);
}

CAF_TEST(a key that is absent from a replay is created) {
  on(lease::key_shown{{7}});
  on(lease::key_gone{});
  now += 10ms;
  CAF_CHECK_EQUAL(only<lease::write>(tick()).expected.value, 0u);
}

CAF_TEST(a lost race is followed by watching the winner) {
  on(lease::key_gone{});
  now += 10ms;
  tick();
  only<lease::read>(answer(conflict()));
  CAF_CHECK(answer(holds(4), false).empty());
  now += 2999ms;
  CAF_CHECK(tick().empty());
  now += 1ms;
  CAF_CHECK_EQUAL(only<lease::write>(tick()).expected.value, 4u);
}

CAF_TEST(a candidate whose rival left meanwhile creates the key at once) {
  on(lease::key_shown{{4}});
  now += 3s;
  tick();
  answer(conflict());
  auto xs = answer(mark(5));
  if (xs.empty()) {
    now += 10ms;
    xs = tick();
  }
  CAF_CHECK_EQUAL(only<lease::write>(xs).expected.value, 0u);
}

CAF_TEST(a new bucket voids leadership and all that was known) {
  become_leader();
  is_deposed_by(on(lease::bucket_changed{}));
  now += 100s;
  CAF_CHECK(tick().empty());
  on(lease::key_gone{});
  now += 10ms;
  CAF_CHECK_EQUAL(only<lease::write>(tick()).expected.value, 0u);
}

CAF_TEST(a write into the bucket that went away makes no leader) {
  become_leader();
  now += 1s;
  tick();
  is_deposed_by(on(lease::bucket_changed{}));
  CAF_CHECK_EQUAL(count<lease::announce>(answer(done(2))), 0u);
  CAF_CHECK(!mine.leading());
  on(lease::key_shown{{1}});
  now += 2999ms;
  CAF_CHECK(tick().empty());
  now += 1ms;
  CAF_CHECK_EQUAL(only<lease::write>(tick()).expected.value, 1u);
}

CAF_TEST(a refusal is reported and tried again after a third of the lease) {
  on(lease::key_gone{});
  now += 10ms;
  tick();
  CAF_CHECK(answer(refused("no rights")).empty());
  now += 999ms;
  CAF_CHECK(tick().empty());
  now += 1ms;
  only<lease::write>(tick());
}

CAF_TEST_FIXTURE_SCOPE_END()
