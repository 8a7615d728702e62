// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE core.rebalance_policy

#include "../../support.hpp"

#include "partita/core/leader/plans/rebalance_policy.hpp"

#include <random>

using namespace core_test;

namespace {

using change = rebalance_policy::change;

/// Cold start 30 s, planned scale 10 s, settle time 1 s, cool-down 10 s, and no gap between
/// plans but where a test is about that.
struct fixture {
  time_point now = time_point{} + 1000s;
  rebalance_options options;
  rebalance_policy policy{options, 0s};
  std::size_t present = 3;

  void changed(change what, const std::string& why = "why") {
    policy.changed(what, why, present, now);
  }

  bool quiet() {
    auto x = policy.next(present, now);
    auto at = policy.wake_at(present);
    CAF_CHECK(!at || *at > now);
    return !x;
  }

  void plans(lifecycle what) {
    auto x = policy.next(present, now);
    CAF_REQUIRE(x);
    CAF_CHECK_EQUAL(to_string(x->lifecycle), to_string(what));
    CAF_CHECK(quiet());
  }

  /// Nothing is planned before `how_long` has passed, and then it is.
  void plans_after(duration how_long, lifecycle what) {
    auto end = now + how_long;
    CAF_CHECK(quiet());
    CAF_REQUIRE(policy.wake_at(present));
    CAF_CHECK(*policy.wake_at(present) == end);
    now = end - 1ns;
    CAF_CHECK(quiet());
    now = end;
    plans(what);
  }

  /// A group that has its plan, long ago.
  void settled_group() {
    policy.begin(true);
    plans(lifecycle::cold_start);
    now += 100s;
    CAF_CHECK(quiet());
  }

  /// A plan was just made, outside of the cold start.
  void just_planned() {
    settled_group();
    changed(change::partitions_added);
    plans_after(1s, lifecycle::rebalance);
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(rebalance_policy_tests, fixture)

CAF_TEST(the first plan of a group waits for the first worker and for nothing else) {
  policy.begin(true);
  present = 0;
  CAF_CHECK(quiet());
  now += 100s;
  CAF_CHECK(quiet());
  present = 1;
  plans(lifecycle::cold_start);
}

CAF_TEST(a failover without a change plans nothing) {
  policy.begin(false);
  CAF_CHECK(quiet());
  now += 1000s;
  CAF_CHECK(quiet());
  CAF_CHECK(!policy.wake_at(present));
  CAF_CHECK(policy.phase() == worker_state::stable);
}

CAF_TEST(a lost worker is planned for at once and shown as an emergency) {
  settled_group();
  changed(change::lost, "worker-1 fell silent");
  CAF_CHECK(policy.phase() == worker_state::emergency);
  CAF_CHECK_EQUAL(policy.reason(), "worker-1 fell silent");
  plans(lifecycle::emergency);
  CAF_CHECK(policy.phase() == worker_state::stable);
}

CAF_TEST(a worker that left is planned for at once) {
  settled_group();
  changed(change::left);
  CAF_CHECK(policy.phase() == worker_state::scaling);
  plans(lifecycle::planned_scale);
}

CAF_TEST(a worker that joins waits for the window to settle) {
  settled_group();
  changed(change::joined);
  CAF_CHECK(policy.phase() == worker_state::scaling);
  plans_after(1s, lifecycle::planned_scale);
}

CAF_TEST(new and other partitions wait for the window to settle) {
  settled_group();
  changed(change::partitions_added);
  CAF_CHECK(policy.phase() == worker_state::rebalancing);
  plans_after(1s, lifecycle::rebalance);
  now += 100s;
  changed(change::other);
  CAF_CHECK(policy.phase() == worker_state::rebalancing);
  plans_after(1s, lifecycle::rebalance);
}

CAF_TEST(a window that does not settle ends after its time) {
  settled_group();
  auto end = now + 10s;
  for (; now < end - 500ms; now += 500ms) {
    changed(change::joined);
    CAF_CHECK(quiet());
  }
  changed(change::joined);
  plans_after(end - now, lifecycle::planned_scale);
}

CAF_TEST(a window closes early once the expected workers are there) {
  options.expected_workers = 5;
  policy = rebalance_policy{options, 0s};
  settled_group();
  present = 4;
  changed(change::joined);
  CAF_CHECK(quiet());
  present = 5;
  now += 300ms;
  changed(change::joined);
  plans(lifecycle::planned_scale);
  CAF_MESSAGE("it is not the number alone: without a change nothing is planned");
  CAF_CHECK(quiet());
}

CAF_TEST(expected workers that are there do not shorten the cool down) {
  options.expected_workers = 3;
  policy = rebalance_policy{options, 0s};
  policy.begin(false);
  changed(change::joined);
  plans(lifecycle::planned_scale);
  now += 2s;
  changed(change::joined);
  plans_after(8s, lifecycle::planned_scale);
}

CAF_TEST(joiners and other changes wait for the end of the cool down) {
  just_planned();
  now += 3s;
  changed(change::joined);
  plans_after(7s, lifecycle::planned_scale);
  now += 5s;
  changed(change::other);
  plans_after(5s, lifecycle::rebalance);
}

CAF_TEST(a change late in the cool down still waits for its window) {
  just_planned();
  now += 9500ms;
  changed(change::joined);
  plans_after(1s, lifecycle::planned_scale);
}

CAF_TEST(what has no owner does not wait for the cool down) {
  just_planned();
  now += 1s;
  changed(change::partitions_added);
  plans_after(1s, lifecycle::rebalance);
  now += 1s;
  changed(change::left);
  plans(lifecycle::planned_scale);
  now += 1s;
  changed(change::lost);
  plans(lifecycle::emergency);
}

CAF_TEST(an emergency takes along what waits in a window or in the cool down) {
  just_planned();
  now += 1s;
  changed(change::joined, "worker-7 joined");
  CAF_CHECK(quiet());
  now += 300ms;
  changed(change::lost, "worker-1 fell silent");
  CAF_CHECK(policy.phase() == worker_state::emergency);
  auto x = policy.next(present, now);
  CAF_REQUIRE(x);
  CAF_CHECK(x->lifecycle == lifecycle::emergency);
  CAF_CHECK_EQUAL(x->reason, "worker-7 joined, worker-1 fell silent");
  CAF_CHECK(quiet());
  CAF_CHECK(!policy.wake_at(present));
}

CAF_TEST(an emergency counts for the cool down of what comes after) {
  settled_group();
  changed(change::lost);
  plans(lifecycle::emergency);
  now += 2s;
  changed(change::joined);
  plans_after(8s, lifecycle::planned_scale);
}

CAF_TEST(a worker that joins during the cold start belongs to it without a cool down) {
  policy.begin(true);
  plans(lifecycle::cold_start);
  now += 50ms;
  changed(change::joined);
  plans_after(200ms, lifecycle::cold_start);
  CAF_MESSAGE("that plan does not end it: one that comes later need not wait for 10 s");
  now += 5s;
  changed(change::joined);
  plans_after(200ms, lifecycle::cold_start);
}

CAF_TEST(a cold start that does not settle ends after its window) {
  policy.begin(true);
  plans(lifecycle::cold_start);
  auto end = now + 30s;
  for (; now < end - 190ms; now += 190ms) {
    changed(change::joined);
    CAF_CHECK(quiet());
  }
  changed(change::joined);
  plans_after(end - now, lifecycle::cold_start);
}

CAF_TEST(an emergency interrupts the cold start but does not end it) {
  policy.begin(true);
  plans(lifecycle::cold_start);
  now += 1s;
  changed(change::lost);
  plans(lifecycle::emergency);
  now += 1s;
  changed(change::joined);
  plans_after(200ms, lifecycle::cold_start);
}

CAF_TEST(a change after the cold start window waits for a window of its own) {
  policy.begin(true);
  plans(lifecycle::cold_start);
  CAF_MESSAGE("next was not called in between");
  now += 31s;
  changed(change::joined);
  plans_after(1s, lifecycle::planned_scale);
}

CAF_TEST(a change while no worker is present is kept) {
  settled_group();
  present = 0;
  changed(change::lost);
  CAF_CHECK(!policy.next(present, now));
  now += 100s;
  CAF_CHECK(!policy.next(present, now));
  present = 1;
  changed(change::joined);
  plans(lifecycle::emergency);
}

CAF_TEST(reasons do not grow without end) {
  settled_group();
  for (int i = 0; i < 1000; ++i)
    changed(change::joined, "worker-" + std::to_string(i) + " joined");
  CAF_CHECK(policy.reason().size() < 300u);
}

CAF_TEST(every change is planned for within a bound whatever comes in between) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    std::mt19937_64 random{seed};
    rebalance_policy any{options, 200ms};
    any.begin(random() % 2 == 0);
    std::optional<time_point> last;
    std::optional<time_point> waiting;
    std::optional<time_point> ownerless;
    auto end = now + 200s;
    while (now < end) {
      now += std::chrono::milliseconds{random() % 3000};
      if (now < end - 60s && random() % 2 == 0) {
        auto what = static_cast<change>(random() % 5);
        any.changed(what, "why", 3, now);
        waiting = waiting.value_or(now);
        if (what == change::left || what == change::lost)
          ownerless = now;
      }
      while (any.wake_at(3) && *any.wake_at(3) > now && random() % 2 == 0)
        now = *any.wake_at(3);
      if (any.next(3, now)) {
        CAF_REQUIRE(!last || now >= *last + 200ms);
        last = now;
        waiting.reset();
        ownerless.reset();
      }
      CAF_REQUIRE(!ownerless || now < *last + 200ms);
      CAF_REQUIRE(!waiting || now <= *waiting + 34s);
      CAF_REQUIRE(waiting.has_value() == any.wake_at(3).has_value());
    }
    CAF_CHECK(!waiting);
  }
}

CAF_TEST(two plans keep a distance whatever is urgent) {
  policy = rebalance_policy{options, 200ms};
  settled_group();
  changed(change::lost, "worker-1 fell silent");
  plans(lifecycle::emergency);
  auto first = now;
  int plans_made = 0;
  for (; now < first + 1s; now += 2ms) {
    changed(change::left);
    if (policy.next(present, now))
      ++plans_made;
  }
  CAF_CHECK_EQUAL(plans_made, 4);
  CAF_MESSAGE("and the last of them is not forgotten");
  plans(lifecycle::planned_scale);
  changed(change::directed);
  plans_after(200ms, lifecycle::rebalance);
}

// -- directives of operators ----------------------------------------------------------------

CAF_TEST(a directive is planned for at once without a cool down) {
  settled_group();
  changed(change::lost);
  plans(lifecycle::emergency);
  changed(change::directed);
  plans(lifecycle::rebalance);
  CAF_MESSAGE("and takes along what else waits");
  changed(change::joined);
  CAF_CHECK(quiet());
  changed(change::directed);
  plans(lifecycle::planned_scale);
}

CAF_TEST(a directive does not end the cold start) {
  policy.begin(true);
  plans(lifecycle::cold_start);
  changed(change::directed);
  plans(lifecycle::rebalance);
  now += 5s;
  changed(change::joined);
  plans_after(200ms, lifecycle::cold_start);
}

CAF_TEST(a pause holds a rebalance until it ends) {
  settled_group();
  for (auto what : {change::joined, change::other, change::directed}) {
    policy.pause(now + 60s);
    changed(what);
    auto end = now + 60s;
    CAF_CHECK(quiet());
    CAF_CHECK(policy.wake_at(present) == end);
    now = end - 1ns;
    CAF_CHECK(quiet());
    now = end;
    auto x = policy.next(present, now);
    CAF_REQUIRE(x);
    CAF_CHECK(!x->orphans_only);
    CAF_CHECK(quiet());
    policy.pause(std::nullopt);
    now += 100s;
  }
}

CAF_TEST(the end of a pause before its time is the end) {
  settled_group();
  policy.pause(now + 1h);
  changed(change::joined);
  now += 20s;
  CAF_CHECK(quiet());
  policy.pause(std::nullopt);
  plans(lifecycle::planned_scale);
}

CAF_TEST(in a pause partitions without an owner are assigned and nothing else) {
  settled_group();
  policy.pause(now + 60s);
  auto end = now + 60s;
  changed(change::joined, "worker-4 joined");
  changed(change::lost, "worker-3 was lost");
  auto x = policy.next(present, now);
  CAF_REQUIRE(x);
  CAF_CHECK(x->orphans_only);
  CAF_CHECK(x->lifecycle == lifecycle::emergency);
  CAF_CHECK(quiet());
  CAF_MESSAGE("new partitions have their window");
  now += 20s;
  changed(change::partitions_added, "5 partitions added");
  CAF_CHECK(quiet());
  CAF_CHECK(policy.wake_at(present) == now + 1s);
  now += 1s;
  x = policy.next(present, now);
  CAF_REQUIRE(x);
  CAF_CHECK(x->orphans_only);
  CAF_CHECK_EQUAL(x->reason, "5 partitions added");
  CAF_MESSAGE("what was assigned in part, and who joined, is planned after the pause");
  CAF_CHECK(quiet());
  CAF_CHECK(policy.wake_at(present) == end);
  now = end;
  x = policy.next(present, now);
  CAF_REQUIRE(x);
  CAF_CHECK(!x->orphans_only);
  CAF_CHECK_EQUAL(x->reason, "a pause has ended: worker-4 joined, worker-3 was lost, "
                             "5 partitions added");
  CAF_CHECK(quiet());
}

CAF_TEST(the first plan of a group does not wait for a pause) {
  policy.begin(true);
  policy.pause(now + 60s);
  auto x = policy.next(present, now);
  CAF_REQUIRE(x);
  CAF_CHECK(!x->orphans_only);
}

CAF_TEST_FIXTURE_SCOPE_END()
