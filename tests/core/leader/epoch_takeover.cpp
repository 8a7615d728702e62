// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE core.epoch_takeover

#include "../support.hpp"

#include "partita/core/leader/epoch_takeover.hpp"

#include <random>

using namespace core_test;

namespace {

struct fixture {
  time_point now = time_point{} + 1000s;
  /// The wall clock's second at `now` 1000 s.
  std::int64_t began = 40;
  epoch_takeover mine = with({});

  bucket_identity bucket;

  static epoch_takeover with(epoch floor, std::int64_t lead = 7) {
    return epoch_takeover{{{"worker-1"}, {"me"}, 100ms, {floor}, {}, lead}};
  }

  epoch_takeover::instant at() const {
    auto since = now - (time_point{} + 1000s);
    return {now, began + std::chrono::floor<std::chrono::seconds>(since).count()};
  }
  epoch_takeover::commands answer(const kv_written& x) { return mine.answered(x, at()); }
  epoch_takeover::commands answer(const kv_read& x) {
    return mine.looked(x, bucket, at());
  }
  epoch_takeover::commands tick() {
    auto result = mine.tick(at());
    CAF_CHECK(!result.empty() || !mine.wake_at() || *mine.wake_at() > now);
    return result;
  }

  static kv_read epoch_key(std::uint64_t at, std::uint64_t epoch,
                           const std::string& nonce = "other") {
    return holds(at, to_text(epoch_entry{{epoch}, {"worker-2"}, {nonce}}));
  }

  void claims(const epoch_takeover::commands& xs, std::uint64_t epoch,
              std::uint64_t expected) {
    auto x = only<epoch_takeover::write>(xs);
    CAF_CHECK_EQUAL(x.value, (epoch_entry{{epoch}, {"worker-1"}, {"me"}}));
    CAF_CHECK_EQUAL(x.expected.value, expected);
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(epoch_takeover_tests, fixture)

CAF_TEST(a new leader writes one more than the epoch key holds over that revision) {
  only<epoch_takeover::read>(mine.begin());
  claims(answer(epoch_key(5, 41)), 42, 5);
  CAF_CHECK_EQUAL(only<epoch_takeover::acceded>(answer(done(6))).epoch.value, 42u);
  CAF_CHECK(!mine.wake_at());
}

CAF_TEST(where the key is missing the epoch is above all that the survey shows) {
  mine.begin();
  only<epoch_takeover::survey>(answer(nothing_there()));
  began = 1000;
  claims(mine.surveyed({5000}, 0, at()), 5001, 0);
}

CAF_TEST(where nothing is left the epoch is above all that was granted under) {
  began = 1700000000;
  mine.begin();
  only<epoch_takeover::survey>(answer(nothing_there()));
  claims(mine.surveyed({}, 0, at()), 1700000007, 0);
  auto x = only<epoch_takeover::acceded>(answer(done(1)));
  CAF_MESSAGE("something may have been granted in this second under an epoch six ahead");
  CAF_CHECK(x.may_grant_at == now + 1s);
}

CAF_TEST(no epoch is further ahead of the clock than the lead) {
  began = 100;
  mine.begin();
  CAF_MESSAGE("the seventh leader within one second");
  claims(answer(epoch_key(5, 105)), 106, 5);
  CAF_CHECK(only<epoch_takeover::acceded>(answer(done(6))).may_grant_at == now);
  mine = with({});
  CAF_MESSAGE("the eighth takes its epoch at once, and grants a second later");
  claims(answer(epoch_key(5, 106)), 107, 5);
  CAF_CHECK(only<epoch_takeover::acceded>(answer(done(6))).may_grant_at == now + 1s);
  mine = with({});
  CAF_MESSAGE("the ninth waits for the clock, and looks again then");
  CAF_CHECK(answer(epoch_key(5, 107)).empty());
  CAF_REQUIRE(mine.wake_at());
  CAF_CHECK(*mine.wake_at() == now + 1s);
  now += 999ms;
  CAF_CHECK(tick().empty());
  now += 1ms;
  only<epoch_takeover::read>(tick());
  claims(answer(epoch_key(5, 107)), 108, 5);
}

CAF_TEST(a clock that is far off is not waited for) {
  began = 100;
  mine.begin();
  CAF_CHECK(answer(epoch_key(5, 116)).empty());
  mine = with({});
  claims(answer(epoch_key(5, 117)), 118, 5);
  CAF_CHECK(only<epoch_takeover::acceded>(answer(done(6))).may_grant_at == now);
}

CAF_TEST(an epoch that something was granted under is not given again) {
  CAF_MESSAGE("leaders that change at random, and a store that loses the key at random");
  for (std::uint32_t seed = 1; seed <= 300; ++seed) {
    std::minstd_rand random{seed};
    auto chance = [&](double x) {
      return std::uniform_real_distribution<>{}(random) < x;
    };
    auto lead = static_cast<std::int64_t>(1 + random() % 5);
    now = time_point{} + 1000s;
    began = 5000;
    epoch key{};
    epoch granted{};
    for (int leadership = 0; leadership < 60; ++leadership) {
      now += std::chrono::milliseconds{random() % (seed % 2 == 0 ? 300 : 3000)};
      if (chance(0.1))
        key = {};
      mine = with({}, lead);
      mine.begin();
      auto next =
          key == epoch{} ? answer(nothing_there()) : answer(epoch_key(5, key.value));
      if (key == epoch{})
        next = mine.surveyed({}, 0, at());
      while (next.empty()) {
        now = *mine.wake_at();
        next = tick();
        next = answer(epoch_key(5, key.value));
      }
      key = only<epoch_takeover::write>(next).value.epoch;
      auto x = only<epoch_takeover::acceded>(answer(done(6)));
      auto granting = now + std::chrono::milliseconds{random() % 2000};
      if (granting < x.may_grant_at)
        continue;
      if (key <= granted)
        CAF_FAIL("seed " << seed << ": " << key.value << " after " << granted.value);
      granted = key;
      now = granting;
    }
  }
}

CAF_TEST(a removed or unreadable key is written over its revision after a survey) {
  for (auto x : {mark(7), holds(7, "no epoch")}) {
    began = 2;
    auto any = with({});
    any.begin();
    only<epoch_takeover::survey>(any.looked(x, {}, at()));
    claims(any.surveyed({8}, 0, at()), 9, 7);
  }
}

CAF_TEST(a leader that was overtaken goes one above the other) {
  mine.begin();
  claims(answer(epoch_key(5, 41)), 42, 5);
  only<epoch_takeover::read>(answer(conflict()));
  claims(answer(epoch_key(6, 42)), 43, 6);
  CAF_CHECK_EQUAL(only<epoch_takeover::acceded>(answer(done(7))).epoch.value, 43u);
}

CAF_TEST(an unknown outcome is repeated and our own entry found by its nonce) {
  mine.begin();
  answer(epoch_key(5, 41));
  CAF_CHECK(answer(no_answer()).empty());
  now += 99ms;
  CAF_CHECK(tick().empty());
  now += 1ms;
  claims(tick(), 42, 5);
  only<epoch_takeover::read>(answer(conflict()));
  auto ours = holds(6, to_text(epoch_entry{{42}, {"worker-1"}, {"me"}}));
  CAF_CHECK_EQUAL(only<epoch_takeover::acceded>(answer(ours)).epoch.value, 42u);
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
  only<epoch_takeover::survey>(answer(mark(6)));
  claims(mine.surveyed({46}, 0, at()), 47, 6);
}

CAF_TEST(a conflict where the unreadable key stands unchanged is no answer) {
  mine.begin();
  CAF_MESSAGE("an epoch that was read before says nothing of what cannot be read now");
  answer(epoch_key(5, 41));
  answer(not_connected());
  now += 100ms;
  only<epoch_takeover::read>(tick());
  only<epoch_takeover::survey>(answer(holds(7, "no epoch")));
  claims(mine.surveyed({46}, 0, at()), 47, 7);
  only<epoch_takeover::read>(answer(conflict()));
  CAF_CHECK(answer(holds(7, "no epoch")).empty());
  now += 100ms;
  claims(tick(), 47, 7);
}

CAF_TEST(what the store does not answer or take is tried again) {
  mine.begin();
  CAF_CHECK(answer(unread()).empty());
  now += 99ms;
  CAF_CHECK(tick().empty());
  now += 1ms;
  only<epoch_takeover::read>(tick());
  CAF_CHECK(answer(unread(read_status::refused)).empty());
  now += 100ms;
  only<epoch_takeover::read>(tick());
  answer(epoch_key(5, 41));
  CAF_CHECK(answer(not_connected()).empty());
  now += 100ms;
  only<epoch_takeover::read>(tick());
  claims(answer(epoch_key(5, 41)), 42, 5);
  CAF_CHECK(answer(refused()).empty());
  now += 999ms;
  CAF_CHECK(tick().empty());
  now += 1ms;
  only<epoch_takeover::read>(tick());
}

CAF_TEST(an epoch is at least what its leader knows to be needed) {
  began = 50;
  auto known = with({50});
  known.begin();
  CAF_MESSAGE("the key holds less: the store may have lost the newest");
  claims(known.looked(epoch_key(5, 41), {}, at()), 50, 5);
  CAF_MESSAGE("it holds more");
  only<epoch_takeover::read>(known.answered(conflict(), at()));
  claims(known.looked(epoch_key(6, 50), {}, at()), 51, 6);
}

CAF_TEST(an epoch at the readers limit is followed one second later) {
  constexpr std::int64_t stored = 1'700'000'000;
  began = stored;
  auto found = epoch_key(5, stored + 86'400);
  found.entry.stored_at_ns = stored * 1'000'000'000;
  mine.begin();
  CAF_MESSAGE("the next one is what readers refuse in this second");
  CAF_CHECK(answer(found).empty());
  now += 1049ms;
  CAF_CHECK(tick().empty());
  now += 1ms;
  only<epoch_takeover::read>(tick());
  claims(answer(found), stored + 86'401, 5);
  CAF_MESSAGE("one that is further ahead is no epoch of ours");
  auto any = with({});
  any.begin();
  auto poison = epoch_key(5, stored + 86'401);
  poison.entry.stored_at_ns = stored * 1'000'000'000;
  only<epoch_takeover::survey>(any.looked(poison, {}, at()));
}

// -- on a server that is known ----------------------------------------------------------

CAF_TEST(what a new connection makes doubtful is void where the entry names our server) {
  auto begins_with = [&](const std::string& noted, const std::string& met) {
    began = 1000;
    bucket.server = met;
    mine = epoch_takeover{{{"worker-1"}, {"me"}, 100ms, {{1060}, now}, {{1000}, {}}, 60}};
    auto value = epoch_entry{{900}, {"worker-2"}, {"other"}, noted};
    return only<epoch_takeover::write>(answer(holds(5, to_text(value)))).value;
  };
  auto known = begins_with("one", "one");
  CAF_CHECK_EQUAL(known.epoch.value, 1000u);
  CAF_CHECK_EQUAL(known.server_id, "one");
  auto x = only<epoch_takeover::acceded>(answer(done(6)));
  CAF_CHECK(!x.doubted_since);
  CAF_CHECK(x.may_grant_at == now);
  CAF_MESSAGE(
      "another server, one that is not alone, and a writer that granted nothing yet");
  const std::pair<const char*, const char*> others[] = {
      {"one", "two"}, {"one", ""}, {"", "one"}, {"", ""}};
  for (const auto& [noted, met] : others) {
    auto usual = begins_with(noted, met);
    CAF_CHECK_EQUAL(usual.epoch.value, 1060u);
    CAF_CHECK_EQUAL(usual.server_id, "");
    CAF_CHECK(only<epoch_takeover::acceded>(answer(done(6))).doubted_since == now);
  }
}

CAF_TEST(an entry of partita init is good for its bucket alone) {
  auto doubts = [&](std::int64_t created) {
    bucket = {7'654'321'987, {}, false, 0, "one"};
    mine = epoch_takeover{{{"worker-1"}, {"me"}, 100ms, {{}, now}, {}, 7}};
    answer(holds(1, to_text(epoch_entry{{41}, {}, {"init"}, "one", created})));
    return only<epoch_takeover::acceded>(answer(done(2))).doubted_since.has_value();
  };
  CAF_CHECK(!doubts(7'654'321));
  CAF_CHECK(doubts(7'654'320));
}

CAF_TEST(a lost race is judged by the entry that won it) {
  bucket.server = "one";
  answer(holds(5, to_text(epoch_entry{{41}, {}, {"other"}, "one"})));
  only<epoch_takeover::read>(answer(conflict()));
  auto x = only<epoch_takeover::write>(answer(epoch_key(6, 42)));
  CAF_CHECK_EQUAL(x.value.server_id, "");
}

CAF_TEST(the entry names the server once grants may begin) {
  bucket.server = "one";
  answer(epoch_key(5, 41));
  answer(done(6));
  auto waits = only<epoch_takeover::write>(mine.waiting(6299500us, "why", at()));
  CAF_CHECK_EQUAL(waits.expected.value, 6u);
  CAF_CHECK_EQUAL(waits.value.waits_ms, 6300);
  CAF_CHECK_EQUAL(waits.value.server_id, "");
  CAF_MESSAGE("while that write is under way the next one waits");
  CAF_CHECK(mine.granting(at()).empty());
  auto grants = only<epoch_takeover::write>(answer(done(7)));
  CAF_CHECK_EQUAL(grants.expected.value, 7u);
  CAF_CHECK_EQUAL(grants.value.server_id, "one");
  CAF_CHECK_EQUAL(grants.value.nonce, nonce{"me"});
  CAF_CHECK_EQUAL(grants.value.waits_ms, 0);
  CAF_CHECK(answer(done(8)).empty());
  CAF_CHECK(mine.granting(at()).empty());
}

CAF_TEST(a server that is met after the takeover is not named) {
  bucket.server = "one";
  answer(epoch_key(5, 41));
  answer(done(6));
  only<epoch_takeover::write>(mine.waiting(6s, "why", at()));
  only<epoch_takeover::read>(answer(conflict()));
  bucket.server = "two";
  CAF_CHECK(answer(holds(6, to_text(epoch_entry{{42}, {"worker-1"}, {"me"}}))).empty());
  now += 100ms;
  only<epoch_takeover::write>(tick());
  answer(done(7));
  auto granting = only<epoch_takeover::write>(mine.granting(at()));
  CAF_CHECK_EQUAL(granting.value.server_id, "one");
}

CAF_TEST(a server that is not alone is not named) {
  answer(epoch_key(5, 41));
  answer(done(6));
  CAF_CHECK(mine.granting(at()).empty());
}

CAF_TEST(a note that was not sent is tried again unless another leader came) {
  bucket.server = "one";
  answer(epoch_key(5, 41));
  answer(done(6));
  only<epoch_takeover::write>(mine.granting(at()));
  CAF_CHECK(answer(not_connected()).empty());
  now += 100ms;
  CAF_CHECK_EQUAL(only<epoch_takeover::write>(tick()).value.server_id, "one");
  CAF_MESSAGE("an earlier try is under way: what stands there is known");
  only<epoch_takeover::read>(answer(conflict()));
  CAF_CHECK(answer(holds(6, to_text(epoch_entry{{42}, {"worker-1"}, {"me"}}))).empty());
  now += 100ms;
  only<epoch_takeover::write>(tick());
  only<epoch_takeover::read>(answer(conflict()));
  CAF_CHECK(answer(epoch_key(9, 43)).empty());
  CAF_CHECK(!mine.wake_at());
}

CAF_TEST_FIXTURE_SCOPE_END()
