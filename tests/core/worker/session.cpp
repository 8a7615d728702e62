// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE core.session

#include "../support.hpp"

#include "partita/core/worker/session.hpp"

using namespace core_test;

namespace {

/// A heartbeat every second, a ttl of 8 s (so it may work for 7), repeats every 100 ms.
session::options usual() {
  return {.self = {"me"},
          .interval = 1s,
          .ttl = 8s,
          .pause = 100ms,
          .program_version = "1.0",
          .past = {{"long past"}, {"past"}}};
}

struct fixture : stepper<session> {
  core::session mine{usual()};

  template <class Event>
  session::commands on(const Event& what) {
    return step(mine, what);
  }
  session::commands tick() { return on(session::tick{}); }
  session::commands answer(const kv_written& x) { return on(session::write_answered{x}); }
  session::commands answer(const kv_read& x, std::optional<beat> found = {}) {
    return on(session::read_answered{x, std::move(found)});
  }

  static beat beat_of(const std::string& who, beat_state state = beat_state::joining) {
    beat result;
    result.nonce = {who};
    result.state = state;
    return result;
  }

  /// Nothing was there; the first heartbeat is revision 1, sent now.
  void enter() {
    only<session::read>(mine.open());
    CAF_CHECK_EQUAL(only<session::write>(answer(nothing_there())).expected.value, 0u);
    auto xs = answer(done(1));
    CAF_CHECK_EQUAL(xs.size(), 2u);
    one<session::started>(xs);
    CAF_CHECK(one<session::extended>(xs).until == now + 7s);
  }

  session::commands progress(std::uint64_t version, bool draining = false) {
    record_progress x;
    x.seen = x.applied = {{1}, {version}};
    x.draining = draining;
    return on(session::progressed{x});
  }

  /// The next heartbeat is sent in time and lands at once.
  void beat_once(std::uint64_t lands_at) {
    now = *mine.wake_at();
    only<session::write>(tick());
    only<session::extended>(answer(done(lands_at)));
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(session_tests, fixture)

// -- the first heartbeat ----------------------------------------------------------------

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

CAF_TEST(heartbeats follow each other from their sends over the last revision) {
  enter();
  auto sent = now;
  for (std::uint64_t at = 1; at < 10; ++at) {
    now = sent + 999ms;
    CAF_CHECK(tick().empty());
    now += 1ms;
    sent = now;
    CAF_CHECK_EQUAL(only<session::write>(tick()).expected.value, at);
    now += 300ms;
    CAF_CHECK(only<session::extended>(answer(done(at + 1))).until == sent + 7s);
  }
}

CAF_TEST(at most one heartbeat is under way) {
  enter();
  now += 1s;
  only<session::write>(tick());
  now += 5s;
  CAF_CHECK(tick().empty());
  CAF_CHECK(progress(3).empty());
  auto next = one<session::write>(answer(done(2)));
  CAF_CHECK_EQUAL(next.expected.value, 2u);
  CAF_CHECK_EQUAL(next.what.applied.version.value, 3u);
}

CAF_TEST(news are sent at once and make a joining worker a working one) {
  enter();
  auto x = only<session::write>(progress(3));
  CAF_CHECK(x.what.state == beat_state::working);
  CAF_CHECK_EQUAL(x.what.applied.version.value, 3u);
  CAF_CHECK_EQUAL(x.what.seen.epoch.value, 1u);
}

CAF_TEST(an empty record does not make a worker a working one) {
  enter();
  record_progress x;
  x.seen = {{1}, {0}};
  CAF_CHECK(only<session::write>(on(session::progressed{x})).what.state
            == beat_state::joining);
}

CAF_TEST(each change of what is stopping is sent at once and what is no news is not ) {
  enter();
  progress(3);
  answer(done(2));
  CAF_CHECK(progress(3).empty());
  record_progress x;
  x.seen = x.applied = {{1}, {4}};
  x.stopping = {{{"p"}}};
  CAF_CHECK_EQUAL(only<session::write>(on(session::progressed{x})).what.stopping.size(),
                  1u);
  answer(done(3));
  x.stopping.clear();
  CAF_CHECK(only<session::write>(on(session::progressed{x})).what.stopping.empty());
}

CAF_TEST(a worker that drains says so) {
  enter();
  CAF_CHECK(only<session::write>(progress(3, true)).what.state == beat_state::draining);
  answer(done(2));
  now += 1s;
  CAF_CHECK(only<session::write>(tick()).what.state == beat_state::draining);
}

CAF_TEST(a heartbeat of unknown outcome is repeated as it was) {
  enter();
  now += 1s;
  tick();
  CAF_CHECK(answer(no_answer()).empty());
  progress(3);
  now += 99ms;
  CAF_CHECK(tick().empty());
  now += 1ms;
  auto x = only<session::write>(tick());
  CAF_CHECK_EQUAL(x.expected.value, 1u);
  CAF_CHECK_EQUAL(x.what.applied.version.value, 0u);
  only<session::read>(answer(conflict()));
  CAF_MESSAGE("an earlier try has landed; the news follow");
  auto next = one<session::write>(answer(holds(2), beat_of("me")));
  CAF_CHECK_EQUAL(next.expected.value, 2u);
  CAF_CHECK_EQUAL(next.what.applied.version.value, 3u);
}

// -- the end of a session ---------------------------------------------------------------

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

CAF_TEST(without a connection the next try comes after a pause and says the news) {
  enter();
  progress(3);
  CAF_CHECK(answer(not_connected()).empty());
  now += 99ms;
  CAF_CHECK(tick().empty());
  now += 1ms;
  CAF_CHECK_EQUAL(only<session::write>(tick()).what.applied.version.value, 3u);
}

CAF_TEST(a refusal is reported and tried again with the next heartbeat) {
  enter();
  now += 1s;
  tick();
  CAF_CHECK(answer(refused()).empty());
  now += 999ms;
  CAF_CHECK(tick().empty());
  now += 1ms;
  only<session::write>(tick());
}

// -- goodbye ----------------------------------------------------------------------------

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
