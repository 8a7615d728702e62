// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE core.goodbye

#include "session_fixture.hpp"

/// The last heartbeat of a session.
using namespace core_test;

CAF_TEST_FIXTURE_SCOPE(goodbye_tests, session_fixture)

CAF_TEST(a goodbye to restart asks to keep the partitions) {
  enter();
  CAF_CHECK(only<session::write>(on(session::goodbye{true})).what.state
            == beat_state::restarting);
  CAF_MESSAGE("what was said first counts");
  CAF_CHECK(on(session::goodbye{false}).empty());
  CAF_CHECK(only<session::said>(answer(done(2))).acknowledged);
}

CAF_TEST(the deadline does not take the goodbye away) {
  enter();
  on(session::goodbye{});
  now += 10s;
  CAF_CHECK(tick().empty());
  CAF_CHECK(only<session::said>(answer(done(2))).acknowledged);
}

CAF_TEST(a goodbye while the first heartbeat is under way follows it) {
  mine.open();
  answer(nothing_there());
  CAF_CHECK(on(session::goodbye{}).empty());
  auto x = one<session::write>(answer(done(1)));
  CAF_CHECK(x.what.state == beat_state::stopped);
  CAF_CHECK_EQUAL(x.expected.value, 1u);
  CAF_CHECK(only<session::said>(answer(done(2))).acknowledged);
}

CAF_TEST(a goodbye while another incarnation is waited for writes nothing) {
  mine.open();
  answer(holds(7), beat_of("other"));
  CAF_CHECK(only<session::said>(on(session::goodbye{})).acknowledged);
  now += 10s;
  CAF_CHECK(tick().empty());
}

CAF_TEST(a goodbye after a lost race for the first heartbeat writes nothing) {
  mine.open();
  answer(nothing_there());
  on(session::goodbye{});
  only<session::read>(answer(conflict()));
  CAF_CHECK(only<session::said>(answer(holds(9), beat_of("other"))).acknowledged);
}

CAF_TEST(the goodbye is the last write) {
  enter();
  auto x = only<session::write>(on(session::goodbye{}));
  CAF_CHECK(x.what.state == beat_state::stopped);
  CAF_CHECK_EQUAL(x.expected.value, 1u);
  CAF_CHECK(only<session::said>(answer(done(2))).acknowledged);
  now += 100s;
  CAF_CHECK(tick().empty());
  CAF_CHECK(progress(9).empty());
  CAF_CHECK(!mine.wake_at());
}

CAF_TEST(a goodbye waits for the heartbeat under way) {
  enter();
  now += 1s;
  tick();
  CAF_CHECK(on(session::goodbye{}).empty());
  auto x = one<session::write>(answer(done(2)));
  CAF_CHECK(x.what.state == beat_state::stopped);
  CAF_CHECK_EQUAL(x.expected.value, 2u);
}

CAF_TEST(a goodbye of unknown outcome is repeated until the store has it) {
  enter();
  on(session::goodbye{});
  CAF_CHECK(answer(no_answer()).empty());
  now += 100ms;
  only<session::write>(tick());
  answer(conflict());
  CAF_CHECK(only<session::said>(answer(holds(2), beat_of("me", beat_state::stopped)))
                .acknowledged);
}

CAF_TEST(a goodbye that is not sent or refused is not acknowledged) {
  enter();
  auto other = mine;
  on(session::goodbye{});
  CAF_CHECK(!only<session::said>(answer(not_connected())).acknowledged);
  other.step(session::goodbye{}, now);
  auto xs = other.step(session::write_answered{refused()}, now);
  CAF_CHECK(!one<session::said>(xs).acknowledged);
}

CAF_TEST(a goodbye of an incarnation that was ended already counts as acknowledged) {
  enter();
  on(session::goodbye{});
  answer(conflict());
  CAF_CHECK(only<session::said>(answer(holds(5), beat_of("other"))).acknowledged);
}

CAF_TEST(before anything was written a goodbye writes nothing) {
  mine.open();
  CAF_CHECK(only<session::said>(on(session::goodbye{})).acknowledged);
  CAF_CHECK(answer(nothing_there()).empty());
}

CAF_TEST_FIXTURE_SCOPE_END()
