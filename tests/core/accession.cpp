#define CAF_SUITE core.accession

#include "support.hpp"

#include "partita/core/accession.hpp"

using namespace core_test;

namespace {

struct fixture {
  time_point now = time_point{} + 1000s;
  accession mine{{{"worker-1"}, {"me"}, 100ms, {}}};

  accession::commands answer(const kv_written& x) { return mine.answered(x, now); }
  accession::commands answer(const kv_read& x) { return mine.looked(x, now); }
  accession::commands tick() {
    auto result = mine.tick(now);
    CAF_CHECK(!result.empty() || !mine.wake_at() || *mine.wake_at() > now);
    return result;
  }

  static kv_read epoch_key(std::uint64_t at, std::uint64_t epoch,
                           const std::string& nonce = "other") {
    return holds(at, to_text(epoch_entry{{epoch}, {"worker-2"}, {nonce}}));
  }

  void claims(const accession::commands& xs, std::uint64_t epoch,
              std::uint64_t expected) {
    auto x = only<accession::write>(xs);
    CAF_CHECK_EQUAL(x.value, epoch_entry({epoch}, {"worker-1"}, {"me"}));
    CAF_CHECK_EQUAL(x.expected.value, expected);
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(accession_tests, fixture)

CAF_TEST(a new leader writes one more than the epoch key holds over that revision) {
  only<accession::read>(mine.begin());
  claims(answer(epoch_key(5, 41)), 42, 5);
  CAF_CHECK_EQUAL(only<accession::acceded>(answer(done(6))).epoch.value, 42u);
  CAF_CHECK(!mine.wake_at());
}

CAF_TEST(where the key is missing the epoch is above all that the survey shows) {
  mine.begin();
  only<accession::survey>(answer(nothing_there()));
  claims(mine.surveyed({5000}, 1000, now), 5001, 0);
}

CAF_TEST(where nothing is left the epoch is the unix time) {
  mine.begin();
  only<accession::survey>(answer(nothing_there()));
  claims(mine.surveyed({}, 1700000000, now), 1700000000, 0);
}

CAF_TEST(a removed or unreadable key is written over its revision after a survey) {
  for (auto x : {mark(7), holds(7, "no epoch")}) {
    accession any{{{"worker-1"}, {"me"}, 100ms, {}}};
    any.begin();
    only<accession::survey>(any.looked(x, now));
    claims(any.surveyed({8}, 3, now), 9, 7);
  }
}

CAF_TEST(a leader that was overtaken goes one above the other) {
  mine.begin();
  claims(answer(epoch_key(5, 41)), 42, 5);
  only<accession::read>(answer(conflict()));
  claims(answer(epoch_key(6, 42)), 43, 6);
  CAF_CHECK_EQUAL(only<accession::acceded>(answer(done(7))).epoch.value, 43u);
}

CAF_TEST(an unknown outcome is repeated and our own entry found by its nonce) {
  mine.begin();
  answer(epoch_key(5, 41));
  CAF_CHECK(answer(no_answer()).empty());
  now += 99ms;
  CAF_CHECK(tick().empty());
  now += 1ms;
  claims(tick(), 42, 5);
  only<accession::read>(answer(conflict()));
  auto ours = holds(6, to_text(epoch_entry{{42}, {"worker-1"}, {"me"}}));
  CAF_CHECK_EQUAL(only<accession::acceded>(answer(ours)).epoch.value, 42u);
}

CAF_TEST(the same epoch of the same worker in another leadership is not ours) {
  mine.begin();
  answer(epoch_key(5, 41));
  answer(conflict());
  auto former = holds(6, to_text(epoch_entry{{42}, {"worker-1"}, {"former"}}));
  claims(answer(former), 43, 6);
}

CAF_TEST(a key that vanished meanwhile leads to a survey) {
  mine.begin();
  answer(epoch_key(5, 41));
  answer(conflict());
  only<accession::survey>(answer(mark(6)));
  claims(mine.surveyed({41}, 0, now), 42, 6);
}

CAF_TEST(what the store does not answer or take is tried again) {
  mine.begin();
  CAF_CHECK(answer(unread()).empty());
  now += 99ms;
  CAF_CHECK(tick().empty());
  now += 1ms;
  only<accession::read>(tick());
  only<accession::complain>(answer(unread(read_status::refused)));
  now += 100ms;
  only<accession::read>(tick());
  answer(epoch_key(5, 41));
  CAF_CHECK(answer(not_connected()).empty());
  now += 100ms;
  only<accession::read>(tick());
  claims(answer(epoch_key(5, 41)), 42, 5);
  only<accession::complain>(answer(refused()));
  now += 999ms;
  CAF_CHECK(tick().empty());
  now += 1ms;
  only<accession::read>(tick());
}

CAF_TEST(an epoch is at least what its leader knows to be needed) {
  accession known{{{"worker-1"}, {"me"}, 100ms, {50}}};
  known.begin();
  CAF_MESSAGE("the key holds less: the store may have lost the newest");
  claims(known.looked(epoch_key(5, 41), now), 50, 5);
  CAF_MESSAGE("it holds more");
  only<accession::read>(known.answered(conflict(), now));
  claims(known.looked(epoch_key(6, 50), now), 51, 6);
}

CAF_TEST_FIXTURE_SCOPE_END()
