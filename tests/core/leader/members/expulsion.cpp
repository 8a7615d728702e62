// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE core.expulsion

#include "../../support.hpp"

#include "partita/core/leader/members/expulsion.hpp"

using namespace core_test;

namespace {

/// Pauses 100 ms.
struct fixture {
  time_point now = time_point{} + 1000s;
  expulsion mine{100ms};

  static worker_id id(int number) { return {"worker-" + std::to_string(number)}; }

  static beat mark_of(const std::string& nonce, beat_state state = beat_state::expelled) {
    beat x;
    x.nonce = {nonce};
    x.state = state;
    return x;
  }

  expulsion::commands begin(int number, const beat& what, std::uint64_t over) {
    return mine.begin(id(number), what, {over}, now);
  }
  expulsion::commands answer(int number, const kv_written& x) {
    return mine.answered(id(number), x, now);
  }
  expulsion::commands answer(int number, const kv_read& x,
                             std::optional<beat> found = std::nullopt) {
    return mine.looked(id(number), x, found, now);
  }
  expulsion::commands tick() {
    auto result = mine.tick(now);
    CAF_CHECK(!result.empty() || !mine.wake_at() || *mine.wake_at() > now);
    return result;
  }

  void is_write(const expulsion::commands& xs, int number, std::uint64_t over) {
    auto x = only<expulsion::write>(xs);
    CAF_CHECK_EQUAL(x.who, id(number));
    CAF_CHECK_EQUAL(x.expected.value, over);
  }

  /// Nothing is under way for this worker: another mark may begin.
  void is_free(int number) { is_write(begin(number, mark_of("free"), 999), number, 999); }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(expulsion_tests, fixture)

CAF_TEST(a mark is written over exactly the revision that was seen) {
  auto x = only<expulsion::write>(begin(1, mark_of("a", beat_state::forced), 7));
  CAF_CHECK_EQUAL(x.who, id(1));
  CAF_CHECK_EQUAL(x.expected.value, 7u);
  CAF_CHECK_EQUAL(x.mark, mark_of("a", beat_state::forced));
  CAF_CHECK(!mine.wake_at());
  CAF_CHECK(answer(1, done(8)).empty());
  is_free(1);
}

CAF_TEST(one write of a key is under way and keys do not wait for each other) {
  is_write(begin(1, mark_of("a"), 7), 1, 7);
  CAF_CHECK(begin(1, mark_of("a"), 7).empty());
  is_write(begin(2, mark_of("b"), 8), 2, 8);
}

CAF_TEST(a write without answer is repeated as it was until there is an answer) {
  begin(1, mark_of("a"), 7);
  for (int i = 0; i < 5; ++i) {
    CAF_CHECK(answer(1, no_answer()).empty());
    CAF_CHECK(*mine.wake_at() == now + 100ms);
    now += 99ms;
    CAF_CHECK(tick().empty());
    now += 1ms;
    is_write(tick(), 1, 7);
  }
  only<expulsion::read>(answer(1, conflict()));
  CAF_MESSAGE("our own mark stands there");
  CAF_CHECK(answer(1, holds(8), mark_of("a")).empty());
  is_free(1);
}

CAF_TEST(a mark that lost against a heartbeat is given up) {
  begin(1, mark_of("a"), 7);
  CAF_CHECK_EQUAL(only<expulsion::read>(answer(1, conflict())).who, id(1));
  CAF_CHECK(answer(1, holds(8), mark_of("a", beat_state::working)).empty());
  CAF_CHECK(!mine.wake_at());
  is_free(1);
}

CAF_TEST(a mark that lost against another mark is given up) {
  begin(1, mark_of("a", beat_state::forced), 7);
  answer(1, conflict());
  CAF_CHECK(answer(1, holds(8), mark_of("a", beat_state::stopped)).empty());
  CAF_CHECK(!mine.wake_at());
}

CAF_TEST(a conflict where the heartbeat stands that was to be written over is no answer) {
  begin(1, mark_of("a"), 7);
  answer(1, conflict());
  CAF_CHECK(answer(1, holds(7), mark_of("a", beat_state::working)).empty());
  CAF_CHECK(mine.wake_at() == now + 100ms);
  now += 100ms;
  is_write(tick(), 1, 7);
}

CAF_TEST(a mark over something that cannot be read is given up as well) {
  begin(1, mark_of("a"), 7);
  answer(1, conflict());
  CAF_CHECK(answer(1, holds(8)).empty());
  is_free(1);
}

CAF_TEST(where nothing is left to write over this is reported with the delete mark) {
  begin(1, mark_of("a"), 7);
  answer(1, conflict());
  auto x = only<expulsion::vanished>(answer(1, mark(9)));
  CAF_CHECK_EQUAL(x.who, id(1));
  CAF_CHECK_EQUAL(x.mark.value, 9u);
  begin(1, mark_of("a"), 9);
  answer(1, conflict());
  CAF_CHECK_EQUAL(only<expulsion::vanished>(answer(1, nothing_there())).mark.value, 0u);
  is_free(1);
}

CAF_TEST(a read without answer is repeated) {
  begin(1, mark_of("a"), 7);
  answer(1, conflict());
  CAF_CHECK(answer(1, unread()).empty());
  now += 99ms;
  CAF_CHECK(tick().empty());
  now += 1ms;
  only<expulsion::read>(tick());
}

CAF_TEST(without a connection the mark is tried again after a pause) {
  begin(1, mark_of("a"), 7);
  CAF_CHECK(answer(1, not_connected()).empty());
  now += 99ms;
  CAF_CHECK(tick().empty());
  now += 1ms;
  is_write(tick(), 1, 7);
}

CAF_TEST(what was refused is tried again after ten pauses) {
  begin(1, mark_of("a"), 7);
  CAF_CHECK(answer(1, refused("no permission")).empty());
  now += 999ms;
  CAF_CHECK(tick().empty());
  now += 1ms;
  is_write(tick(), 1, 7);
}

CAF_TEST(
    a mark that is wanted meanwhile over a newer revision follows the one under way) {
  begin(1, mark_of("a"), 7);
  CAF_CHECK(answer(1, no_answer()).empty());
  CAF_MESSAGE("the worker sent one heartbeat and is silent again");
  CAF_CHECK(begin(1, mark_of("b"), 8).empty());
  now += 100ms;
  is_write(tick(), 1, 7);
  answer(1, conflict());
  auto x = only<expulsion::write>(answer(1, holds(8), mark_of("b", beat_state::working)));
  CAF_CHECK_EQUAL(x.expected.value, 8u);
  CAF_CHECK_EQUAL(x.mark, mark_of("b"));
  CAF_CHECK(answer(1, done(9)).empty());
  is_free(1);
}

CAF_TEST(what is tried again is what was wanted last) {
  begin(1, mark_of("a"), 7);
  answer(1, not_connected());
  CAF_CHECK(begin(1, mark_of("b"), 8).empty());
  now += 100ms;
  auto x = only<expulsion::write>(tick());
  CAF_CHECK_EQUAL(x.expected.value, 8u);
  CAF_CHECK_EQUAL(x.mark, mark_of("b"));
}

CAF_TEST(the same mark over the same revision is not written again after it landed) {
  begin(1, mark_of("a"), 7);
  begin(1, mark_of("a"), 7);
  CAF_CHECK(answer(1, done(8)).empty());
  CAF_CHECK(!mine.wake_at());
}

CAF_TEST(answers about a worker for which nothing is under way are ignored) {
  CAF_CHECK(answer(1, done(8)).empty());
  CAF_CHECK(answer(1, holds(8)).empty());
  begin(1, mark_of("a"), 7);
  answer(1, done(8));
  CAF_CHECK(answer(1, conflict()).empty());
}

CAF_TEST_FIXTURE_SCOPE_END()
