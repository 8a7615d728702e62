// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE core.directives

#include "../../support.hpp"

#include "partita/core/leader/plans/directives.hpp"
#include "partita/messages/control_codec.hpp"

using namespace core_test;

namespace {

constexpr std::int64_t second_ns = 1'000'000'000;

struct fixture {
  directives mine{{{"worker-0"}, {7}, 100ms}};
  server_clock clock;
  time_point now = time_point{} + 1000s;
  std::uint64_t last = 10;

  fixture() { clock.seen(1000 * second_ns, now); }

  std::string show(directive::kind what, std::int64_t stored_s = 1000) {
    return mine.shown({std::move(what), 0, "ann@box", "why not"}, {++last},
                      stored_s * second_ns);
  }
  std::vector<directives::removal> removals() { return mine.removals(clock, now); }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(directives_tests, fixture)

CAF_TEST(what shapes plans is news once) {
  CAF_CHECK_EQUAL(show(drain_directive{{"worker-3"}}),
                  "drain of worker-3 by ann@box: why not");
  CAF_CHECK_EQUAL(mine.standing().drained.size(), 1u);
  CAF_MESSAGE("the same directive again, and pauses, need no plan");
  CAF_CHECK_EQUAL(show(drain_directive{{"worker-3"}}), "");
  CAF_CHECK_EQUAL(show(pause_directive{"00000000", 10s}), "");
  CAF_CHECK_EQUAL(mine.gone("directive.drain.worker-3"),
                  "end of drain of worker-3 by ann@box: why not");
  CAF_CHECK_EQUAL(mine.gone("directive.drain.worker-3"), "");
  CAF_CHECK(mine.standing().empty());
}

CAF_TEST(a pause counts from when the server stored it) {
  show(pause_directive{"00000000", 30s}, 990);
  CAF_CHECK(mine.paused_until(clock) == now + 20s);
  CAF_MESSAGE("the longest one counts");
  show(pause_directive{"00000001", 5s}, 1000);
  CAF_CHECK(mine.paused_until(clock) == now + 20s);
  show(pause_directive{"00000002", 60s}, 1000);
  CAF_CHECK(mine.paused_until(clock) == now + 60s);
  mine.gone("directive.pause.00000002");
  CAF_CHECK(mine.paused_until(clock) == now + 20s);
  CAF_CHECK(mine.wake_at(clock) == now + 5s);
  CAF_MESSAGE("each that has expired is removed");
  now += 4999ms;
  CAF_CHECK(removals().empty());
  now += 1ms;
  auto gone = removals();
  CAF_REQUIRE_EQUAL(gone.size(), 1u);
  CAF_CHECK_EQUAL(gone[0].key, "directive.pause.00000001");
  CAF_CHECK(removals().empty());
}

CAF_TEST(a directive for a plan is removed by its revision once a plan was made) {
  CAF_CHECK(!show(rebalance_directive{}).empty());
  CAF_CHECK(mine.asks_for_plan().has_value());
  CAF_CHECK(removals().empty());
  mine.planned();
  CAF_CHECK(!mine.asks_for_plan());
  auto gone = removals();
  CAF_REQUIRE_EQUAL(gone.size(), 1u);
  CAF_CHECK_EQUAL(gone[0].at.value, last);
  CAF_MESSAGE("an unknown outcome is tried again");
  mine.removal_answered("directive.rebalance", no_answer(), now);
  CAF_CHECK(mine.wake_at(clock) == now + 100ms);
  CAF_CHECK(removals().empty());
  now += 100ms;
  CAF_CHECK_EQUAL(removals().size(), 1u);
  CAF_MESSAGE("one that was given again meanwhile asks again");
  CAF_CHECK(!show(rebalance_directive{}).empty());
  mine.removal_answered("directive.rebalance", conflict(), now);
  CAF_CHECK(mine.asks_for_plan().has_value());
  CAF_CHECK(removals().empty());
}

CAF_TEST(a refused removal is reported and not tried again) {
  show(rebalance_directive{});
  mine.planned();
  removals();
  CAF_CHECK_EQUAL(mine.removal_answered("directive.rebalance", refused(), now),
                  "no permission");
  now += 10s;
  CAF_CHECK(removals().empty());
}

CAF_TEST(only the leader of that epoch steps down and any other directive is moot) {
  show(step_down_directive{{"worker-0"}, {7}});
  CAF_CHECK(mine.asks_to_step_down().has_value());
  CAF_CHECK(removals().empty());
  for (auto moot :
       {step_down_directive{{"worker-0"}, {6}}, step_down_directive{{"worker-1"}, {7}}}) {
    show(moot);
    CAF_CHECK(!mine.asks_to_step_down());
    CAF_CHECK_EQUAL(removals().size(), 1u);
  }
}

CAF_TEST(a recreated bucket holds what its replay shows and nothing else) {
  show(drain_directive{{"worker-3"}});
  show(drain_directive{{"worker-4"}});
  mine.void_all();
  last = 0;
  CAF_CHECK_EQUAL(show(drain_directive{{"worker-4"}}), "");
  CAF_CHECK_EQUAL(mine.standing().drained.size(), 2u);
  CAF_CHECK_EQUAL(mine.replayed(), "directives went with their bucket");
  CAF_CHECK_EQUAL(mine.standing().drained.count({"worker-4"}), 1u);
  CAF_CHECK_EQUAL(mine.standing().drained.size(), 1u);
  CAF_CHECK_EQUAL(mine.replayed(), "");
}

CAF_TEST(long texts of operators are shortened between two characters) {
  std::string reason;
  for (int i = 0; i < 100'000; ++i)
    reason += "\xc3\xbc";
  auto text = short_text({drain_directive{{"worker-3"}}, 0, "ann@box", reason});
  CAF_CHECK_LESS(text.size(), 210u);
  CAF_CHECK_EQUAL(text.substr(text.size() - 5), "\xc3\xbc...");
}

CAF_TEST_FIXTURE_SCOPE_END()
