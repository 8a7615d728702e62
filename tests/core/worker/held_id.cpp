// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE core.held_id

#include "id_claim_fixture.hpp"

/// An id that is held: how it is renewed, lost and released.
using namespace core_test;

CAF_TEST_FIXTURE_SCOPE(held_id_tests, id_claim_fixture)

// -- renewals ---------------------------------------------------------------------------

CAF_TEST(an id is renewed every third of its ttl by its own revision) {
  hold_one();
  auto sent = now;
  for (std::uint64_t at = 1; at < 5; ++at) {
    now = sent + 9999ms;
    CAF_CHECK(tick().empty());
    now += 1ms;
    sent = now;
    takes(tick(), 0, at);
    now += 1s;
    CAF_CHECK(answer(done(at + 1)).empty());
  }
}

CAF_TEST(the holder of an id wakes for its renewal) {
  hold_one();
  CAF_CHECK(mine->wake_at() == now + 10s);
  now += 10s;
  takes(tick(), 0, 1);
  CAF_MESSAGE("and for nothing while that is under way");
  CAF_CHECK(!mine->wake_at());
}

CAF_TEST(an id of an instance is renewed before a twin could take it) {
  options.instance = "here";
  hold_one();
  now += 1999ms;
  CAF_CHECK(tick().empty());
  now += 1ms;
  takes(tick(), 0, 1);
}

CAF_TEST(an id that another one took is lost) {
  hold_one();
  now += 10s;
  tick();
  only<id_claim::read>(answer(conflict()));
  CAF_CHECK(!only<id_claim::lost>(answer(holds(9), claim_of("other"))).why.empty());
  now += 100s;
  CAF_CHECK(tick().empty());
}

CAF_TEST(a held id whose entry was swept is written again) {
  hold_one();
  now += 10s;
  tick();
  answer(conflict());
  takes(answer(mark(5)), 0, 5);
  answer(conflict());
  takes(answer(nothing_there()), 0, 0);
  CAF_CHECK(answer(done(6)).empty());
  now += 10s;
  takes(tick(), 0, 6);
}

CAF_TEST(a renewal without a connection is tried again and the id stays) {
  hold_one();
  now += 10s;
  tick();
  CAF_CHECK(answer(not_connected()).empty());
  now += 99ms;
  CAF_CHECK(tick().empty());
  now += 1ms;
  takes(tick(), 0, 1);
}

// -- releases ---------------------------------------------------------------------------

CAF_TEST(a released id says so and is released once the store has it) {
  hold_one();
  auto x = only<id_claim::write>(on(id_claim::release{}));
  CAF_CHECK(x.released);
  CAF_CHECK_EQUAL(x.expected.value, 1u);
  CAF_CHECK(answer(no_answer()).empty());
  now += 100ms;
  CAF_CHECK(only<id_claim::write>(tick()).released);
  answer(conflict());
  CAF_MESSAGE("our own claim that is not marked as released is not the release");
  only<id_claim::released>(answer(holds(2), claim_of("me", "", true)));
}

CAF_TEST(releasing while looking ends at once) {
  start();
  only<id_claim::released>(on(id_claim::release{}));
  CAF_CHECK(replay().empty());
  CAF_CHECK(!mine->wake_at());
}

CAF_TEST(releasing while an id is being taken gives back what was taken) {
  start();
  replay();
  CAF_CHECK(on(id_claim::release{}).empty());
  auto xs = answer(done(1));
  auto x = one<id_claim::write>(xs);
  CAF_CHECK(x.released);
  CAF_CHECK_EQUAL(x.expected.value, 1u);
  only<id_claim::released>(answer(done(2)));
}

CAF_TEST(releasing while taking goes on after the time to look for an id has passed) {
  start();
  replay();
  on(id_claim::release{});
  now += 59900ms;
  CAF_CHECK(answer(no_answer()).empty());
  now += 100ms;
  only<id_claim::write>(tick());
  CAF_MESSAGE("no answer yet: nothing to do, and nothing to be woken for");
  now += 50ms;
  CAF_CHECK(tick().empty());
  answer(done(1));
  only<id_claim::released>(answer(done(2)));
}

CAF_TEST(releasing while a race is lost ends) {
  start();
  replay();
  on(id_claim::release{});
  answer(conflict());
  only<id_claim::released>(answer(holds(1), claim_of("rival")));
}

CAF_TEST(releasing waits for the renewal under way) {
  hold_one();
  now += 10s;
  tick();
  CAF_CHECK(on(id_claim::release{}).empty());
  auto x = only<id_claim::write>(answer(done(2)));
  CAF_CHECK(x.released);
  CAF_CHECK_EQUAL(x.expected.value, 2u);
}

CAF_TEST(a release that cannot be written is left to its ttl) {
  hold_one();
  on(id_claim::release{});
  only<id_claim::released>(answer(not_connected()));
}

CAF_TEST_FIXTURE_SCOPE_END()
