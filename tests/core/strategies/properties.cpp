// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE strategies.properties

#include "support.hpp"

#include <caf/test/unit_test.hpp>

#include <rapidcheck.h>

#include <set>

using namespace planning_test;

namespace {

planning_input any_input(bool weighted) {
  planning_input result;
  auto workers = *rc::gen::inRange<std::size_t>(1, 12);
  auto partitions = *rc::gen::inRange<std::size_t>(0, 60);
  for (std::size_t i = 0; i < workers; ++i)
    result.workers.push_back(worker(i * 7, *rc::gen::element(100, 100, 50, 300)));
  for (std::size_t i = 0; i < partitions; ++i)
    result.partitions.push_back(
        part(i, weighted ? *rc::gen::inRange<std::int64_t>(-3, 400) : 100));
  if (*rc::gen::arbitrary<bool>())
    for (std::size_t i = 0; i < partitions; ++i) {
      auto owner = *rc::gen::inRange<std::size_t>(0, workers + 1);
      result.previous.push_back(owner < workers ? std::optional{owner} : std::nullopt);
    }
  return result;
}

planning_input any_input() {
  return any_input(*rc::gen::arbitrary<bool>());
}

std::mt19937_64 any_random() {
  return std::mt19937_64{*rc::gen::arbitrary<std::uint64_t>()};
}

/// Holds for every strategy.
template <class Property>
void check_all(const char* what, Property property) {
  for (auto name : core::strategy_names()) {
    auto title = name + ": " + what;
    CAF_CHECK(rc::check(title, [&] { property(make(name)); }));
  }
}

} // namespace

CAF_TEST(every strategy places every partition exactly once) {
  check_all("placed once", [](const core::strategy& plan_for) {
    auto in = any_input();
    RC_ASSERT(places_all_once(in, plan_for(in)));
  });
}

CAF_TEST(every strategy gives no shares where there is no worker) {
  for (auto name : core::strategy_names()) {
    CAF_CHECK(make(name)(group(0, 5)).shares.empty());
    CAF_CHECK(make(name)(group(0, 0)).shares.empty());
  }
}

CAF_TEST(every strategy gives empty shares where there is no partition) {
  for (auto name : core::strategy_names())
    CAF_CHECK(make(name)(group(3, 0)).shares == plan{{{}, {}, {}}}.shares);
}

CAF_TEST(every strategy gives a lonely worker everything) {
  for (auto name : core::strategy_names())
    CAF_CHECK_EQUAL(make(name)(group(1, 40)).shares.at(0).size(), 40u);
}

CAF_TEST(every strategy gives the same plan for the same input) {
  check_all("deterministic", [](const core::strategy& plan_for) {
    auto in = any_input();
    auto copy = plan_for;
    RC_ASSERT(plan_for(in) == plan_for(in));
    RC_ASSERT(plan_for(in) == copy(in));
  });
}

CAF_TEST(sticky and the ring do not depend on any order of the input) {
  for (auto name : {"sticky", "consistent_hash"})
    CAF_CHECK(rc::check([&] {
      auto in = any_input();
      auto random = any_random();
      auto other = shuffled(in, random);
      RC_ASSERT(named(in, make(name)(in)) == named(other, make(name)(other)));
    }));
}

CAF_TEST(the weighted ring does not depend on the order of the workers) {
  CAF_CHECK(rc::check([] {
    auto in = any_input(true);
    in.previous.clear();
    auto other = in;
    auto random = any_random();
    std::shuffle(other.workers.begin(), other.workers.end(), random);
    auto plan_for = make("weighted_consistent_hash");
    RC_ASSERT(named(in, plan_for(in)) == named(other, plan_for(other)));
  }));
}

CAF_TEST(the shares of sticky and of the ring are in the order of the input) {
  for (auto name : {"sticky", "consistent_hash"})
    CAF_CHECK(rc::check([&] {
      auto in = any_input();
      for (const auto& share : make(name)(in).shares)
        RC_ASSERT(std::is_sorted(share.begin(), share.end()));
    }));
}

CAF_TEST(round robin assigns in turns) {
  auto x = make("round_robin")(group(3, 7));
  CAF_CHECK(x.shares == (plan{{{0, 3, 6}, {1, 4}, {2, 5}}}.shares));
}

CAF_TEST(on the ring a worker that leaves moves only its own partitions) {
  CAF_CHECK(rc::check([] {
    auto in = any_input();
    RC_PRE(in.workers.size() > 1);
    auto plan_for = make("consistent_hash");
    auto gone = *rc::gen::inRange<std::size_t>(0, in.workers.size());
    auto less = without(in, gone);
    auto before = named(in, plan_for(in));
    auto after = named(less, plan_for(less));
    for (const auto& [partition, owner] : before)
      if (owner != in.workers[gone].id.value)
        RC_ASSERT(after[partition] == owner);
    // And backwards: a worker that joins takes partitions only for itself.
    for (const auto& [partition, owner] : after)
      RC_ASSERT(before[partition] == owner
                || before[partition] == in.workers[gone].id.value);
  }));
}

CAF_TEST(on the ring the owner of a partition does not depend on other partitions) {
  CAF_CHECK(rc::check([] {
    auto in = any_input();
    RC_PRE(!in.partitions.empty());
    auto plan_for = make("consistent_hash");
    auto before = named(in, plan_for(in));
    in.partitions.pop_back();
    in.previous.clear();
    for (const auto& [partition, owner] : named(in, plan_for(in)))
      RC_ASSERT(before[partition] == owner);
  }));
}

CAF_TEST(on the weighted ring with equal weights the plan is that of the ring) {
  CAF_CHECK(rc::check([] {
    auto in = any_input(false);
    // 0 counts as the default weight, which is what all the others have.
    for (auto& x : in.partitions)
      x.weight = *rc::gen::element(100, 0, -1);
    RC_ASSERT(make("weighted_consistent_hash")(in) == make("consistent_hash")(in));
  }));
}

CAF_TEST(on the weighted ring a worker may be filled exactly to the limit) {
  core::strategy_options options;
  options.name = "weighted_consistent_hash";
  options.overload_threshold = 1.5;
  auto in = group(2, 2);
  auto is_of_the_second = [&](const partition& x) {
    auto one = in;
    one.partitions = {x};
    return make("consistent_hash")(one).shares[1].size() == 1;
  };
  for (std::size_t i = 100; !is_of_the_second(in.partitions[0]); ++i)
    in.partitions[0] = part(i);
  // 80 in all, 40 for each on average, so the limit is 60. Beyond it the first worker is
  // the lightest.
  in.partitions[0].weight = 60;
  in.partitions[1].weight = 20;
  auto filled = core::make_strategy(options)(in);
  CAF_CHECK_EQUAL(filled.shares[1].at(0), 0u);
  in.partitions[0].weight = 61;
  in.partitions[1].weight = 19;
  auto overfull = core::make_strategy(options)(in);
  CAF_CHECK_EQUAL(overfull.shares[0].at(0), 0u);
}

CAF_TEST(
    on the weighted ring no share exceeds the limit by more than the heaviest partition) {
  CAF_CHECK(rc::check([] {
    auto in = any_input(true);
    RC_PRE(!in.partitions.empty());
    std::int64_t total = 0, heaviest = 0;
    for (const auto& x : in.partitions) {
      total += effective(x.weight);
      heaviest = std::max(heaviest, effective(x.weight));
    }
    std::set<std::int64_t> kinds;
    for (const auto& x : in.partitions)
      kinds.insert(effective(x.weight));
    RC_PRE(kinds.size() > 1u);
    auto average = static_cast<double>(total) / static_cast<double>(in.workers.size());
    for (const auto& share : make("weighted_consistent_hash")(in).shares) {
      std::int64_t load = 0;
      for (auto p : share)
        load += effective(in.partitions[p].weight);
      // The lightest has at most the average before it takes; extremes are assigned in
      // turns, so they alone lift a worker by at most one of them above the others.
      RC_ASSERT(static_cast<double>(load)
                <= 1.3 * average + static_cast<double>(heaviest));
    }
  }));
}
