// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE core.end_of_session

#include "session_fixture.hpp"

/// What ends a session: its deadline, and what stands in the place of its heartbeat.
using namespace core_test;

CAF_TEST_FIXTURE_SCOPE(end_of_session_tests, session_fixture)

CAF_TEST(the deadline counts from the first send of the newest acknowledged heartbeat) {
  enter();
  now += 1s;
  auto sent = now;
  tick();
  CAF_MESSAGE("repeats do not move it");
  for (int i = 0; i < 10; ++i) {
    answer(no_answer());
    now += 100ms;
    only<session::write>(tick());
  }
  now += 100ms;
  CAF_CHECK(one<session::extended>(answer(done(2))).until == sent + 7s);
}

CAF_TEST(without an acknowledged heartbeat the session is over at its deadline) {
  enter();
  beat_once(2);
  auto sent = now;
  now += 1s;
  only<session::write>(tick());
  CAF_CHECK(mine.wake_at() == sent + 7s);
  now = sent + 7s - 1ns;
  CAF_CHECK(tick().empty());
  now += 1ns;
  CAF_CHECK(!only<session::over>(tick()).why.empty());
  CAF_CHECK(answer(done(3)).empty());
  CAF_CHECK(!mine.wake_at());
}

CAF_TEST(heartbeats that are never sent end the session at its deadline too) {
  enter();
  auto sent = now;
  session::commands xs;
  while (count<session::over>(xs) == 0) {
    now = *mine.wake_at();
    xs = tick();
    if (count<session::write>(xs) == 1)
      answer(not_connected());
  }
  CAF_CHECK(now == sent + 7s);
}

CAF_TEST(an answer that arrives at the deadline and moves it keeps the session) {
  enter();
  auto first = now;
  now += 1s;
  tick();
  now = first + 7s;
  CAF_CHECK(one<session::extended>(answer(done(2))).until == first + 8s);
  CAF_MESSAGE("but not one that moves it to the past");
  now = first + 14s;
  one<session::over>(answer(done(3)));
}

CAF_TEST(a session that is to be available has no deadline) {
  auto o = usual();
  o.exclusive = false;
  core::session x{o};
  x.open();
  x.step(session::read_answered{nothing_there(), {}}, now);
  auto xs = x.step(session::write_answered{done(1)}, now);
  CAF_CHECK(one<session::extended>(xs).until == now + 7s);
  now += 1s;
  x.step(session::tick{}, now);
  now += 100s;
  CAF_CHECK(x.step(session::tick{}, now).empty());
  xs = x.step(session::write_answered{done(2)}, now);
  one<session::extended>(xs);
  one<session::write>(xs);
}

CAF_TEST(another nonce or a removal or nothing in its place ends the session) {
  for (auto exclusive : {true, false})
    for (auto what : {0, 1, 2}) {
      auto o = usual();
      o.exclusive = exclusive;
      core::session x{o};
      x.open();
      x.step(session::read_answered{nothing_there(), {}}, now);
      x.step(session::write_answered{done(1)}, now);
      now += 1s;
      x.step(session::tick{}, now);
      x.step(session::write_answered{conflict()}, now);
      auto found = what == 0   ? session::read_answered{holds(5), beat_of("other")}
                   : what == 1 ? session::read_answered{mark(5), {}}
                               : session::read_answered{nothing_there(), {}};
      CAF_CHECK(!only<session::over>(x.step(found, now)).why.empty());
      now += 100s;
      CAF_CHECK(x.step(session::tick{}, now).empty());
      CAF_CHECK(!x.wake_at());
    }
}

CAF_TEST(its own heartbeat at a smaller revision shows lost writes and ends it) {
  enter();
  beat_once(2);
  beat_once(3);
  now += 1s;
  only<session::write>(tick());
  answer(conflict());
  auto x = mine;
  auto xs = x.step(session::read_answered{holds(2), beat_of("me")}, now);
  CAF_CHECK_NOT_EQUAL(only<session::over>(xs).why.find("lost"), std::string::npos);
  CAF_MESSAGE("where the last one stands unchanged, the conflict was no answer");
  CAF_CHECK(answer(holds(3), beat_of("me")).empty());
  now += 100ms;
  CAF_CHECK_EQUAL(only<session::write>(tick()).expected.value, 3u);
  answer(conflict());
  CAF_MESSAGE("one that is greater is the heartbeat that was sent");
  only<session::extended>(answer(holds(4), beat_of("me")));
}

CAF_TEST(something in its place that cannot be read ends the session) {
  enter();
  now += 1s;
  tick();
  answer(conflict());
  only<session::over>(answer(holds(5, "no heartbeat")));
}

CAF_TEST(a mark under our own nonce ends the session) {
  enter();
  now += 1s;
  tick();
  answer(conflict());
  auto other = mine;
  only<session::over>(answer(holds(5), beat_of("me", beat_state::expelled)));
  auto xs = other.step(
      session::read_answered{holds(5), beat_of("me", beat_state::forced)}, now);
  only<session::over>(xs);
}

CAF_TEST_FIXTURE_SCOPE_END()
