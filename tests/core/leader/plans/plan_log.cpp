// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE core.plan_log

#include "../../support.hpp"

#include "partita/core/leader/plans/plan_log.hpp"

using namespace core_test;

namespace {

struct fixture {
  plan_log mine{{{7}, 100ms}};
  time_point now = time_point{} + 100s;

  static history_entry named(const std::string& reason) {
    history_entry result;
    result.reason = reason;
    return result;
  }
  static plan_log::create creation(const plan_log::commands& xs) {
    CAF_REQUIRE_EQUAL(xs.size(), 1u);
    return std::get<plan_log::create>(xs[0]);
  }
  static plan_log::remove removal(const plan_log::commands& xs) {
    CAF_REQUIRE_EQUAL(xs.size(), 1u);
    return std::get<plan_log::remove>(xs[0]);
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(plan_log_tests, fixture)

CAF_TEST(plans are numbered under their epoch) {
  for (std::uint64_t i = 1; i <= 3; ++i) {
    auto x = creation(mine.planned(named("a")));
    CAF_CHECK(x.id == (history_id{{7}, i}));
    CAF_CHECK(mine.created(x.id, done(i), now).empty());
  }
  CAF_CHECK(!mine.wake_at());
}

CAF_TEST(an unwritten plan is tried again until the next one) {
  auto first = creation(mine.planned(named("a")));
  mine.created(first.id, no_answer(), now);
  CAF_CHECK(mine.wake_at() == now + 100ms);
  CAF_CHECK(mine.tick(now).empty());
  now += 100ms;
  CAF_CHECK(creation(mine.tick(now)).id == first.id);
  auto second = creation(mine.planned(named("b")));
  CAF_CHECK(mine.created(first.id, no_answer(), now).empty());
  CAF_CHECK(!mine.wake_at());
  CAF_MESSAGE("a conflict is an earlier try that landed");
  mine.created(second.id, conflict(), now);
  CAF_CHECK(!mine.wake_at());
}

CAF_TEST(a refused plan is tried once more) {
  auto x = creation(mine.planned(named("a")));
  mine.created(x.id, refused(), now);
  CAF_CHECK(mine.wake_at() == now + 1s);
  now += 1s;
  CAF_CHECK(creation(mine.tick(now)).id == x.id);
  mine.created(x.id, refused(), now);
  CAF_CHECK(!mine.wake_at());
}

CAF_TEST(the oldest plans are removed one after the other) {
  for (std::uint64_t i = 0; i < history_kept + 2; ++i)
    CAF_CHECK(mine.shown({{6}, i}, {i + 1}).empty());
  auto x = removal(mine.replayed());
  CAF_CHECK(x.id == (history_id{{6}, 0}));
  CAF_CHECK_EQUAL(x.at.value, 1u);
  x = removal(mine.removed(x.id, done(900)));
  CAF_CHECK(x.id == (history_id{{6}, 1}));
  CAF_MESSAGE("its absence may be shown before the answer");
  mine.gone(x.id);
  CAF_CHECK(mine.removed(x.id, done(901)).empty());
  auto next = creation(mine.planned(named("a")));
  CAF_CHECK(removal(mine.created(next.id, done(902), now)).id == (history_id{{6}, 2}));
}

CAF_TEST(what could not be removed waits for the next plan) {
  for (std::uint64_t i = 0; i < history_kept + 1; ++i)
    mine.shown({{6}, i}, {i + 1});
  auto x = removal(mine.replayed());
  CAF_CHECK(mine.removed(x.id, no_answer()).empty());
  auto next = creation(mine.planned(named("a")));
  CAF_CHECK(removal(mine.created(next.id, done(902), now)).id == x.id);
}

CAF_TEST(nothing is removed while not all is known) {
  for (std::uint64_t i = 0; i < history_kept + 1; ++i)
    mine.shown({{6}, i}, {i + 1});
  mine.void_all();
  CAF_CHECK(mine.replayed().empty());
}

CAF_TEST_FIXTURE_SCOPE_END()
