// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE core.resignation

#include "lease_fixture.hpp"

/// A leader that abdicates or resigns, and what it does with its key.
using namespace core_test;

CAF_TEST_FIXTURE_SCOPE(resignation_tests, lease_fixture)

CAF_TEST(a leader that abdicates gives the key back and lets others go first) {
  become_leader();
  auto start = now;
  auto xs = on(lease::abdicated{"a greater epoch"});
  CAF_CHECK_EQUAL(one<lease::announce>(xs).why, "a greater epoch");
  CAF_CHECK_EQUAL(one<lease::remove>(xs).expected.value, 1u);
  CAF_CHECK(answer(done(2)).empty());
  now = start + 299ms;
  CAF_CHECK(tick().empty());
  now += 1ms;
  CAF_CHECK_EQUAL(only<lease::write>(tick()).expected.value, 0u);
}

CAF_TEST(abdicating while a renewal is under way waits for its outcome) {
  become_leader();
  now += 1s;
  tick();
  auto xs = on(lease::abdicated{"why"});
  is_deposed_by(xs);
  CAF_CHECK_EQUAL(count<lease::remove>(xs), 0u);
  CAF_CHECK(answer(no_answer()).empty());
  now += 100ms;
  CAF_CHECK_EQUAL(only<lease::write>(tick()).expected.value, 1u);
  CAF_CHECK_EQUAL(only<lease::remove>(answer(done(2))).expected.value, 2u);
  CAF_CHECK(!mine.leading());
}

CAF_TEST(a follower has nothing to abdicate) {
  on(lease::key_shown{{5}});
  CAF_CHECK(on(lease::abdicated{"why"}).empty());
}

CAF_TEST(a leader that resigns removes its key by its own revision and finishes) {
  become_leader();
  auto xs = on(lease::resigned{});
  is_deposed_by(xs);
  CAF_CHECK_EQUAL(one<lease::remove>(xs).expected.value, 1u);
  only<lease::finished>(answer(done(2)));
  now += 100s;
  on(lease::key_gone{{2}});
  CAF_CHECK(tick().empty());
  CAF_CHECK(!mine.wake_at());
}

CAF_TEST(resigning while a write is under way removes what it wrote) {
  on(lease::key_gone{});
  now += 10ms;
  tick();
  CAF_CHECK(on(lease::resigned{}).empty());
  CAF_CHECK(answer(no_answer()).empty());
  now += 100ms;
  only<lease::write>(tick());
  only<lease::read>(answer(conflict()));
  CAF_CHECK_EQUAL(only<lease::remove>(answer(holds(3), true)).expected.value, 3u);
  CAF_CHECK(!mine.leading());
  only<lease::finished>(answer(done(4)));
}

CAF_TEST(resigning while a write is lost to another one finishes) {
  on(lease::key_gone{});
  now += 10ms;
  tick();
  on(lease::resigned{});
  answer(conflict());
  only<lease::finished>(answer(holds(3), false));
}

CAF_TEST(a follower resigns at once) {
  on(lease::key_shown{{5}});
  only<lease::finished>(on(lease::resigned{}));
}

CAF_TEST(a key that cannot be given back is left to run out) {
  become_leader();
  on(lease::resigned{});
  only<lease::finished>(answer(not_connected()));
}

CAF_TEST(a removal with unknown outcome is repeated) {
  become_leader();
  on(lease::resigned{});
  CAF_CHECK(answer(no_answer()).empty());
  now += 100ms;
  CAF_CHECK_EQUAL(only<lease::remove>(tick()).expected.value, 1u);
  answer(conflict());
  only<lease::finished>(answer(mark(2)));
}

CAF_TEST(a leader that lost the key to another holder resigns without removing it) {
  become_leader();
  now += 1s;
  tick();
  answer(conflict());
  is_deposed_by(answer(holds(4), false));
  only<lease::finished>(on(lease::resigned{}));
}

CAF_TEST_FIXTURE_SCOPE_END()
