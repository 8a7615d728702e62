#define CAF_SUITE core.session

#include "support.hpp"

#include "partita/core/session.hpp"

using namespace core_test;

namespace {

/// Beats every second, repeats every 100 ms.
struct fixture : stepper<session> {
  core::session mine{{{"me"}, 1s, 100ms, "1.0"}};

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

  /// Nothing was there; the first beat is revision 1.
  void enter() {
    only<session::read>(mine.open());
    CAF_CHECK_EQUAL(only<session::write>(answer(nothing_there())).expected.value, 0u);
    only<session::started>(answer(done(1)));
  }

  session::commands progress(std::uint64_t version) {
    record_progress x;
    x.seen = x.applied = {{1}, {version}};
    return on(session::progressed{x});
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(session_tests, fixture)

CAF_TEST(the first beat is written where nothing is and starts the session) {
  only<session::read>(mine.open());
  CAF_CHECK(!mine.wake_at());
  auto x = only<session::write>(answer(nothing_there()));
  CAF_CHECK_EQUAL(x.expected.value, 0u);
  CAF_CHECK_EQUAL(x.what.nonce.value, "me");
  CAF_CHECK_EQUAL(x.what.replaces.value, "");
  CAF_CHECK_EQUAL(x.what.program_version, "1.0");
  CAF_CHECK(x.what.state == beat_state::joining);
  only<session::started>(answer(done(1)));
}

CAF_TEST(a beat of a former incarnation is replaced by compare and set and named) {
  mine.open();
  auto x = only<session::write>(answer(holds(7), beat_of("former")));
  CAF_CHECK_EQUAL(x.expected.value, 7u);
  CAF_CHECK_EQUAL(x.what.replaces.value, "former");
}

CAF_TEST(over a removal and over what cannot be read the first beat is written too) {
  mine.open();
  CAF_CHECK_EQUAL(only<session::write>(answer(mark(8))).expected.value, 8u);
  core::session other{{{"other"}, 1s, 100ms, ""}};
  other.open();
  auto xs = other.step(session::read_answered{holds(9, "no beat"), {}}, now);
  CAF_CHECK_EQUAL(only<session::write>(xs).expected.value, 9u);
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
  only<session::complain>(answer(unread(read_status::refused)));
  now += 100ms;
  only<session::read>(tick());
  only<session::write>(answer(nothing_there()));
}

CAF_TEST(beats follow each other from when they were sent over the last revision) {
  enter();
  auto sent = now;
  for (std::uint64_t at = 1; at < 10; ++at) {
    now = sent + 999ms;
    CAF_CHECK(tick().empty());
    now += 1ms;
    sent = now;
    CAF_CHECK_EQUAL(only<session::write>(tick()).expected.value, at);
    now += 300ms;
    CAF_CHECK(answer(done(at + 1)).empty());
  }
}

CAF_TEST(at most one beat is under way) {
  enter();
  now += 1s;
  only<session::write>(tick());
  now += 5s;
  CAF_CHECK(tick().empty());
  CAF_CHECK(progress(3).empty());
  auto next = only<session::write>(answer(done(2)));
  CAF_CHECK_EQUAL(next.expected.value, 2u);
  CAF_CHECK_EQUAL(next.what.applied.version.value, 3u);
}

CAF_TEST(news are said at once and make a joining worker a working one) {
  enter();
  auto x = only<session::write>(progress(3));
  CAF_CHECK(x.what.state == beat_state::working);
  CAF_CHECK_EQUAL(x.what.applied.version.value, 3u);
  CAF_CHECK_EQUAL(x.what.seen.epoch.value, 1u);
}

CAF_TEST(an empty record does not make a worker a working one) {
  enter();
  CAF_CHECK(only<session::write>(progress(0)).what.state == beat_state::joining);
}

CAF_TEST(a beat of unknown outcome is repeated as it was) {
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
  auto next = only<session::write>(answer(holds(2), beat_of("me")));
  CAF_CHECK_EQUAL(next.expected.value, 2u);
  CAF_CHECK_EQUAL(next.what.applied.version.value, 3u);
}

CAF_TEST(a beat that was swept while the store was away is written again) {
  enter();
  now += 1s;
  tick();
  answer(conflict());
  CAF_CHECK_EQUAL(only<session::write>(answer(nothing_there(), {})).expected.value, 0u);
  CAF_CHECK(answer(done(9)).empty());
}

CAF_TEST(another nonce or a removal in its place ends the session) {
  for (auto what : {0, 1}) {
    core::session x{{{"me"}, 1s, 100ms, ""}};
    x.open();
    x.step(session::read_answered{nothing_there(), {}}, now);
    x.step(session::write_answered{done(1)}, now);
    now += 1s;
    x.step(session::tick{}, now);
    x.step(session::write_answered{conflict()}, now);
    auto xs = what == 0 ? x.step(session::read_answered{holds(5), beat_of("other")}, now)
                        : x.step(session::read_answered{mark(5), {}}, now);
    CAF_CHECK(!only<session::over>(xs).why.empty());
    now += 100s;
    CAF_CHECK(x.step(session::tick{}, now).empty());
    CAF_CHECK(!x.wake_at());
  }
}

CAF_TEST(a mark under our own nonce ends the session) {
  enter();
  now += 1s;
  tick();
  answer(conflict());
  only<session::over>(answer(holds(5), beat_of("me", beat_state::expelled)));
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

CAF_TEST(a refusal is reported and tried again with the next beat) {
  enter();
  now += 1s;
  tick();
  only<session::complain>(answer(refused()));
  now += 999ms;
  CAF_CHECK(tick().empty());
  now += 1ms;
  only<session::write>(tick());
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

CAF_TEST(a goodbye waits for the beat under way) {
  enter();
  now += 1s;
  tick();
  CAF_CHECK(on(session::goodbye{}).empty());
  auto x = only<session::write>(answer(done(2)));
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

CAF_TEST(a goodbye of an incarnation that was ended already is as good as said) {
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
