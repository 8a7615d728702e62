// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE core.first_heartbeat

#include "session_fixture.hpp"

/// How a session starts: over what the first heartbeat is written.
using namespace core_test;

CAF_TEST_FIXTURE_SCOPE(first_heartbeat_tests, session_fixture)

CAF_TEST(the first heartbeat is written where nothing is and starts the session) {
  only<session::read>(mine.open());
  CAF_CHECK(!mine.wake_at());
  auto x = only<session::write>(answer(nothing_there()));
  CAF_CHECK_EQUAL(x.expected.value, 0u);
  CAF_CHECK_EQUAL(x.what.nonce.value, "me");
  CAF_MESSAGE("it names what the process was before, for a heartbeat that was swept");
  CAF_CHECK_EQUAL(x.what.replaces.value, "past");
  CAF_CHECK_EQUAL(x.what.program_version, "1.0");
  CAF_CHECK(x.what.state == beat_state::joining);
  one<session::started>(answer(done(1)));
}

CAF_TEST(over a live heartbeat of its own past the first one is written and names it) {
  for (auto name : {"past", "long past"}) {
    core::session x{usual()};
    x.open();
    auto y = only<session::write>(
        x.step(session::read_answered{holds(7), beat_of(name)}, now));
    CAF_CHECK_EQUAL(y.expected.value, 7u);
    CAF_CHECK_EQUAL(y.what.replaces.value, name);
  }
}

CAF_TEST(over another live heartbeat nothing is written until that has ended) {
  for (auto state : {beat_state::joining, beat_state::working, beat_state::draining}) {
    core::session x{usual()};
    x.open();
    auto look = [&](std::uint64_t at, beat_state is) {
      return x.step(session::read_answered{holds(at), beat_of("other", is)}, now);
    };
    auto why = only<session::waits>(look(7, state)).why;
    CAF_CHECK_NOT_EQUAL(why.find("other"), std::string::npos);
    for (std::uint64_t at = 8; at < 20; ++at) {
      now += 999ms;
      CAF_CHECK(x.step(session::tick{}, now).empty());
      now += 1ms;
      only<session::read>(x.step(session::tick{}, now));
      CAF_MESSAGE("and that is said only once");
      CAF_CHECK(look(at, state).empty());
    }
    now += 1s;
    x.step(session::tick{}, now);
    auto y = only<session::write>(look(20, beat_state::expelled));
    CAF_CHECK_EQUAL(y.expected.value, 20u);
    CAF_CHECK_EQUAL(y.what.replaces.value, "other");
  }
}

CAF_TEST(over every mark the first heartbeat is written) {
  for (auto state : {beat_state::stopped, beat_state::restarting, beat_state::expelled,
                     beat_state::forced}) {
    core::session x{usual()};
    x.open();
    auto y = only<session::write>(
        x.step(session::read_answered{holds(7), beat_of("other", state)}, now));
    CAF_CHECK_EQUAL(y.expected.value, 7u);
    CAF_MESSAGE("a forced incarnation may still work: it is not named as ended");
    CAF_CHECK_EQUAL(y.what.replaces.value, state == beat_state::forced ? "" : "other");
  }
  CAF_MESSAGE("but one's own past is known to have stopped");
  core::session x{usual()};
  x.open();
  auto y = only<session::write>(
      x.step(session::read_answered{holds(7), beat_of("past", beat_state::forced)}, now));
  CAF_CHECK_EQUAL(y.what.replaces.value, "past");
}

CAF_TEST(over a removal and over what cannot be read the first one is written too) {
  mine.open();
  CAF_CHECK_EQUAL(only<session::write>(answer(mark(8))).expected.value, 8u);
  core::session other{usual()};
  other.open();
  auto xs = other.step(session::read_answered{holds(9, "no heartbeat"), {}}, now);
  CAF_CHECK_EQUAL(only<session::write>(xs).expected.value, 9u);
  CAF_CHECK_EQUAL(only<session::write>(xs).what.replaces.value, "past");
  auto first = usual();
  first.past.clear();
  core::session fresh{first};
  fresh.open();
  auto ys = fresh.step(session::read_answered{nothing_there(), {}}, now);
  CAF_CHECK_EQUAL(only<session::write>(ys).what.replaces.value, "");
}

CAF_TEST(a first heartbeat that met another entry uses up its nonce) {
  auto over = [this](const kv_read& found, std::optional<beat> what) {
    core::session x{usual()};
    x.open();
    x.step(session::read_answered{holds(7), beat_of("past")}, now);
    only<session::read>(x.step(session::write_answered{conflict()}, now));
    only<session::over>(x.step(session::read_answered{found, std::move(what)}, now));
  };
  CAF_MESSAGE("a late write of its own past, another incarnation, a mark, nothing");
  over(holds(8), beat_of("past"));
  over(holds(9), beat_of("other"));
  over(holds(9), beat_of("other", beat_state::stopped));
  over(holds(9), {});
  over(mark(9), {});
  over(nothing_there(), {});
}

CAF_TEST(an incarnation replaced before its first heartbeat was known never starts) {
  CAF_MESSAGE(
      "its first heartbeat landed unanswered; expelled, replaced, and that one stopped");
  mine.open();
  answer(nothing_there());
  answer(no_answer());
  now += 7s;
  only<session::write>(tick());
  only<session::read>(answer(conflict()));
  only<session::over>(answer(holds(3), beat_of("other")));
  CAF_CHECK(!mine.wake_at());
  CAF_CHECK(tick().empty());
}

CAF_TEST(a conflict over the very revision that was read is not answered in a rush) {
  mine.open();
  answer(holds(7), beat_of("past"));
  only<session::read>(answer(conflict()));
  CAF_CHECK(answer(holds(7), beat_of("past")).empty());
  now += 99ms;
  CAF_CHECK(tick().empty());
  now += 1ms;
  CAF_CHECK_EQUAL(only<session::write>(tick()).expected.value, 7u);
}

CAF_TEST(an incarnation expelled before its first heartbeat was known is over) {
  mine.open();
  answer(nothing_there());
  answer(no_answer());
  now += 100ms;
  tick();
  only<session::read>(answer(conflict()));
  only<session::over>(answer(holds(2), beat_of("me", beat_state::expelled)));
}

CAF_TEST(a first heartbeat with a late answer starts nothing but the next one does) {
  for (auto late : {false, true}) {
    core::session x{usual()};
    x.open();
    auto sent = now;
    x.step(session::read_answered{nothing_there(), {}}, now);
    now = sent + 7s - (late ? 0ms : 1ms);
    auto xs = x.step(session::write_answered{done(1)}, now);
    CAF_CHECK_EQUAL(count<session::started>(xs), late ? 0u : 1u);
    CAF_CHECK_EQUAL(one<session::write>(xs).expected.value, 1u);
    if (!late)
      continue;
    xs = x.step(session::write_answered{done(2)}, now);
    one<session::started>(xs);
    CAF_CHECK(one<session::extended>(xs).until == now + 7s);
  }
}

CAF_TEST(opening reads again until there is an answer) {
  mine.open();
  for (auto status : {read_status::unknown, read_status::not_connected}) {
    CAF_CHECK(answer(unread(status)).empty());
    now += 99ms;
    CAF_CHECK(tick().empty());
    now += 1ms;
    only<session::read>(tick());
  }
  CAF_CHECK(answer(unread(read_status::refused)).empty());
  now += 100ms;
  only<session::read>(tick());
  only<session::write>(answer(nothing_there()));
}

CAF_TEST_FIXTURE_SCOPE_END()
