// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE core.id_claim

#include "id_claim_fixture.hpp"

/// Which id a worker takes, and how long it waits for one.
using namespace core_test;

CAF_TEST_FIXTURE_SCOPE(id_claim_tests, id_claim_fixture)

CAF_TEST(nothing is taken before all ids were shown) {
  start();
  show(0, 1, claim_of("other"));
  CAF_CHECK(tick().empty());
  takes(replay(), 1, 0);
}

CAF_TEST(an id that bears our own nonce comes before everything) {
  start_in("here");
  show(3, 1, claim_of("old", "here", true));
  show(7, 2, claim_of("me", "here"));
  takes(replay(), 7, 2);
}

CAF_TEST(a worker without an instance finds the id that bears its nonce as well) {
  start();
  show(7, 2, claim_of("me"));
  takes(replay(), 7, 2);
}

CAF_TEST(our own nonce on a released id is no claim of ours any more) {
  start();
  show(7, 2, claim_of("me", "", true));
  takes(replay(), 0, 0);
}

CAF_TEST(a released id of our instance comes before one that waits and unused ones) {
  start_in("here");
  show(3, 1, claim_of("old", "here"));
  show(5, 2, claim_of("old", "here", true));
  takes(replay(), 5, 2);
}

CAF_TEST(an id of our instance is taken once it was unchanged for the grace) {
  start_in("here");
  show(3, 7, claim_of("old", "here"));
  now += 1s;
  CAF_MESSAGE("nothing else is taken meanwhile");
  CAF_CHECK(replay().empty());
  now += 4999ms;
  CAF_CHECK(tick().empty());
  CAF_CHECK(*mine->wake_at() == now + 1ms);
  now += 1ms;
  takes(tick(), 3, 7);
}

CAF_TEST(a twin of the same instance that is alive is left in peace) {
  start_in("here");
  show(3, 7, claim_of("twin", "here"));
  replay();
  now += 2s;
  CAF_MESSAGE("it renews its claim, so we take another one");
  takes(show(3, 8, claim_of("twin", "here")), 0, 0);
  CAF_MESSAGE("and it is named, so that a person can give one of us another instance");
  CAF_CHECK(only<id_claim::held>(answer(done(9))).twin == 3u);
}

CAF_TEST(without an instance the same empty place means nothing) {
  start();
  show(3, 1, claim_of("old", "", true));
  takes(replay(), 0, 0);
}

CAF_TEST(never used ids come before released ones and these before silent ones) {
  options.max = 2;
  start();
  show(0, 1, claim_of("other"));
  show(1, 2, claim_of("gone", "", true));
  auto other = *mine;
  takes(replay(), 2, 0);
  other.step(id_claim::shown{2, {3}, claim_of("other")}, now);
  takes(other.step(id_claim::replayed{}, now), 1, 2);
}

CAF_TEST(a silent id is free after its ttl on our own clock) {
  options.max = 1;
  start();
  show(0, 1, claim_of("other"));
  now += 1s;
  show(1, 2, claim_of("other"));
  CAF_CHECK(replay().empty());
  now += 28999ms;
  CAF_CHECK(tick().empty());
  now += 1ms;
  takes(tick(), 0, 1);
}

CAF_TEST(a holder that renews keeps its id) {
  options.max = 0;
  start();
  show(0, 1, claim_of("other"));
  replay();
  now += 29s;
  CAF_CHECK(show(0, 2, claim_of("other")).empty());
  now += 29999ms;
  CAF_CHECK(tick().empty());
  now += 1ms;
  takes(tick(), 0, 2);
}

CAF_TEST(numbers outside of the range do not count) {
  options.min = 5;
  options.max = 6;
  start();
  show(4, 1, claim_of("gone", "", true));
  show(7, 2, claim_of("me"));
  takes(replay(), 5, 0);
}

CAF_TEST(a worker that has worked waits for an id without end and says once why) {
  options.min = 3;
  options.max = 5;
  options.startup.reset();
  start();
  fill();
  auto x = only<id_claim::waits>(replay());
  CAF_CHECK_NOT_EQUAL(x.why.find("3 to 5"), std::string::npos);
  now += 10s;
  CAF_CHECK(tick().empty());
}

CAF_TEST(an exhausted range is named with what to do) {
  options.min = 3;
  options.max = 5;
  options.startup = 10s;
  start();
  fill();
  replay();
  now += 9999ms;
  CAF_CHECK(tick().empty());
  now += 1ms;
  auto why = only<id_claim::failed>(tick()).why;
  for (auto word : {"3 to 5", "worker.id_max", "worker.id_ttl"})
    CAF_CHECK_NOT_EQUAL(why.find(word), std::string::npos);
  CAF_MESSAGE("and that is the end");
  now += 100s;
  CAF_CHECK(tick().empty());
  CAF_CHECK(!mine->wake_at());
}

CAF_TEST(a store that shows nothing is named when the time is over) {
  start();
  now += 60s;
  CAF_CHECK_NOT_EQUAL(only<id_claim::failed>(tick()).why.find("connection"),
                      std::string::npos);
}

CAF_TEST(a store that refuses is named when the time is over) {
  start();
  replay();
  CAF_CHECK(answer(refused("no rights")).empty());
  now += 399ms;
  CAF_CHECK(tick().empty());
  now += 1ms;
  only<id_claim::write>(tick());
  now += 60s;
  CAF_CHECK_NOT_EQUAL(one<id_claim::failed>(tick()).why.find("no rights"),
                      std::string::npos);
}

CAF_TEST(a store that does not answer is named when the time is over) {
  start();
  takes(replay(), 0, 0);
  answer(no_answer());
  now += 100ms;
  takes(tick(), 0, 0);
  now += 1h;
  auto why = only<id_claim::failed>(tick()).why;
  CAF_CHECK_EQUAL(why.find("the store does not answer the write of a worker id: "), 0u);
}

CAF_TEST(after giving up nothing is written) {
  start();
  replay();
  now += 59950ms;
  answer(no_answer());
  now += 50ms;
  CAF_CHECK_EQUAL(count<id_claim::failed>(tick()), 1u);
  for (int i = 0; i < 5; ++i) {
    now += 100ms;
    CAF_CHECK(tick().empty());
  }
  CAF_CHECK(!mine->wake_at());
}

CAF_TEST(a lost race is followed by another id) {
  start();
  takes(replay(), 0, 0);
  only<id_claim::read>(answer(conflict()));
  auto next = only<id_claim::write>(answer(holds(1), claim_of("rival")));
  CAF_CHECK(next.number == 1u || next.number == 2u);
}

CAF_TEST(a claim of unknown outcome is repeated and found to be ours) {
  start();
  replay();
  CAF_CHECK(answer(no_answer()).empty());
  now += 99ms;
  CAF_CHECK(tick().empty());
  now += 1ms;
  takes(tick(), 0, 0);
  answer(conflict());
  CAF_CHECK_EQUAL(only<id_claim::held>(answer(holds(4), claim_of("me"))).number, 0u);
}

CAF_TEST(without a connection the choice is made again after a pause) {
  start();
  replay();
  CAF_CHECK(answer(not_connected()).empty());
  CAF_CHECK(show(0, 9, claim_of("other")).empty());
  now += 99ms;
  CAF_CHECK(tick().empty());
  now += 1ms;
  takes(tick(), 1, 0);
}

CAF_TEST(after a new bucket the ids are looked at again) {
  start();
  show(0, 10, claim_of("other"));
  on(id_claim::bucket_changed{});
  CAF_CHECK(tick().empty());
  takes(replay(), 0, 0);
}

CAF_TEST_FIXTURE_SCOPE_END()
