// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE core.leader_gone

#include "lease_fixture.hpp"

/// A key whose leader's process is gone is taken over before its lease is over.
using namespace core_test;

CAF_TEST_FIXTURE_SCOPE(leader_gone_tests, lease_fixture)

CAF_TEST(a key whose leader is gone is taken over at once by the revision that was seen) {
  on(lease::key_shown{{5}});
  now += 1s;
  CAF_CHECK(tick().empty());
  CAF_CHECK_EQUAL(only<lease::write>(on(lease::leader_gone{{5}})).expected.value, 5u);
  CAF_CHECK(only<lease::announce>(answer(done(6))).leading);
}

CAF_TEST(that the leader of another revision of the key is gone says nothing) {
  on(lease::key_shown{{5}});
  CAF_CHECK(on(lease::leader_gone{{4}}).empty());
  CAF_CHECK(on(lease::leader_gone{{6}}).empty());
  CAF_MESSAGE("nor of a key that was written again, or removed");
  on(lease::key_shown{{7}});
  CAF_CHECK(on(lease::leader_gone{{5}}).empty());
  now += 2999ms;
  CAF_CHECK(tick().empty());
  on(lease::key_gone{{8}});
  now += 10ms;
  CAF_CHECK_EQUAL(only<lease::write>(tick()).expected.value, 0u);
}

CAF_TEST(before the key is known no leader is gone) {
  CAF_CHECK(on(lease::leader_gone{{0}}).empty());
  CAF_CHECK(!mine.wake_at());
}

CAF_TEST(a leader and a worker that leaves ignore that a leader is gone) {
  become_leader();
  CAF_CHECK(on(lease::leader_gone{{1}}).empty());
  CAF_CHECK(mine.leading());
  core::lease other{{3s, 7}};
  other.step(lease::key_shown{{5}}, now);
  only<lease::finished>(other.step(lease::resigned{}, now));
  CAF_CHECK(other.step(lease::leader_gone{{5}}, now).empty());
}

CAF_TEST(a takeover that met a renewal waits for the lease or for the next word) {
  on(lease::key_shown{{5}});
  now += 1s;
  only<lease::write>(on(lease::leader_gone{{5}}));
  CAF_MESSAGE("while a write is under way nothing else is begun");
  CAF_CHECK(on(lease::leader_gone{{5}}).empty());
  only<lease::read>(answer(conflict()));
  CAF_CHECK(answer(holds(6)).empty());
  now += 2999ms;
  CAF_CHECK(tick().empty());
  CAF_CHECK_EQUAL(only<lease::write>(on(lease::leader_gone{{6}})).expected.value, 6u);
}

CAF_TEST(after a refusal even a dead leader is left alone for a third of the lease) {
  on(lease::key_shown{{5}});
  on(lease::leader_gone{{5}});
  CAF_CHECK(answer(refused("no rights")).empty());
  now += 999ms;
  CAF_CHECK(on(lease::leader_gone{{5}}).empty());
  now += 1ms;
  CAF_CHECK_EQUAL(only<lease::write>(tick()).expected.value, 5u);
}

CAF_TEST(a leader that abdicated lets others go first even if the new holder is gone) {
  become_leader();
  auto start = now;
  on(lease::abdicated{"a greater epoch"});
  answer(done(2));
  on(lease::key_shown{{3}});
  CAF_CHECK(on(lease::leader_gone{{3}}).empty());
  now = start + 299ms;
  CAF_CHECK(tick().empty());
  now += 1ms;
  CAF_CHECK_EQUAL(only<lease::write>(tick()).expected.value, 3u);
}

CAF_TEST_FIXTURE_SCOPE_END()
