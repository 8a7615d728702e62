// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE core.session

#include "session_fixture.hpp"

/// The heartbeats of a session that has started.
using namespace core_test;

CAF_TEST_FIXTURE_SCOPE(session_tests, session_fixture)

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

CAF_TEST_FIXTURE_SCOPE_END()
