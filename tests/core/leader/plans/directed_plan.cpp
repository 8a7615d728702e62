// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE core.directed_plan

#include "partita/core/leader/plans/directed_plan.hpp"
#include "partita/core/strategies/strategies.hpp"

#include <caf/test/unit_test.hpp>

#include <algorithm>

using namespace partita;
using namespace partita::core;

namespace {

struct fixture {
  planning_input in;
  standing_directives directives;
  strategy deal = make_strategy({});

  static worker_id id(std::size_t n) { return {"worker-" + std::to_string(n)}; }

  /// Workers that own partitions in turn, or workers that own nothing.
  void group(std::size_t workers, std::size_t partitions, bool owned = true) {
    for (std::size_t w = 0; w < workers; ++w)
      in.workers.push_back({id(w), 100, ""});
    for (std::size_t i = 0; i < partitions; ++i)
      in.partitions.push_back({{"p", std::to_string(i)}, 100});
    if (owned)
      for (std::size_t i = 0; i < partitions; ++i)
        in.previous.emplace_back(i % workers);
  }

  void cordon(std::size_t n) { directives.cordoned[id(n)] = "cordon of " + id(n).value; }
  void drain(std::size_t n) { directives.drained[id(n)] = "drain of " + id(n).value; }
  void pin(std::size_t partition, std::size_t worker) {
    auto name = "p." + std::to_string(partition);
    directives.pins[name] = {id(worker), "pin of " + name + " to " + id(worker).value};
  }

  directed_plan run(freedom how = freedom::full) {
    return plan_under(directives, in, deal, how);
  }

  static std::vector<std::size_t> sizes(const directed_plan& x) {
    std::vector<std::size_t> result;
    for (const auto& share : x.shares.shares)
      result.push_back(share.size());
    return result;
  }

  static bool owns(const directed_plan& x, std::size_t w, std::size_t i) {
    const auto& share = x.shares.shares.at(w);
    return std::find(share.begin(), share.end(), i) != share.end();
  }

  std::size_t moves(const directed_plan& x) const {
    std::size_t result = 0;
    for (std::size_t w = 0; w < x.shares.shares.size(); ++w)
      for (auto i : x.shares.shares[w])
        result += in.previous[i] && in.previous[i] != w ? 1 : 0;
    return result;
  }

  static bool says(const directed_plan& x, const char* text) {
    return std::any_of(x.trouble.begin(), x.trouble.end(),
                       [&](const auto& y) { return y.find(text) != y.npos; });
  }
};

using counts = std::vector<std::size_t>;

} // namespace

CAF_TEST_FIXTURE_SCOPE(directed_plan_tests, fixture)

CAF_TEST(without directives a plan is exactly what the strategy says) {
  group(3, 13);
  in.workers.push_back({id(3), 250, ""});
  for (const auto& name : core::strategy_names()) {
    strategy_options options;
    options.name = name;
    deal = make_strategy(options);
    auto found = run();
    CAF_CHECK(found.shares == deal(in));
    CAF_CHECK(found.trouble.empty() && found.reasons.empty());
  }
}

CAF_TEST(a drained worker gives everything away and the others share it evenly) {
  group(4, 12);
  drain(1);
  auto found = run();
  CAF_CHECK_EQUAL(sizes(found), (counts{4, 0, 4, 4}));
  CAF_CHECK_EQUAL(moves(found), 3u);
  CAF_CHECK(found.trouble.empty());
  CAF_MESSAGE("each of the three says whose directive it was");
  CAF_CHECK_EQUAL(found.reasons.size(), 3u);
  CAF_CHECK_EQUAL(found.reasons.at(1), "drain of worker-1");
}

CAF_TEST(the only worker is not drained) {
  group(1, 4);
  drain(0);
  auto found = run();
  CAF_CHECK_EQUAL(sizes(found), (counts{4}));
  CAF_CHECK(says(found, "drain of worker-0: no other worker may take its 4 partitions"));
}

CAF_TEST(a cordoned worker keeps what it has and gets nothing) {
  group(3, 12);
  in.previous[0] = in.previous[3] = std::nullopt;
  cordon(0);
  auto found = run();
  CAF_CHECK_EQUAL(sizes(found), (counts{2, 5, 5}));
  CAF_CHECK_EQUAL(moves(found), 0u);
  CAF_MESSAGE("nor when it has the least");
  in.previous.assign(12, 1);
  in.previous[5] = 0;
  found = run();
  CAF_CHECK_EQUAL(sizes(found), (counts{1, 6, 5}));
  CAF_CHECK(owns(found, 0, 5));
}

CAF_TEST(partitions that no worker may take stay without an owner) {
  group(2, 6);
  in.previous[0] = std::nullopt;
  cordon(0);
  drain(1);
  auto found = run();
  CAF_CHECK_EQUAL(sizes(found), (counts{2, 3}));
  CAF_CHECK(says(found, "1 partitions have no owner"));
  CAF_CHECK(says(found, "drain of worker-1"));
}

CAF_TEST(a pinned partition goes to its worker and the balance is kept) {
  group(3, 12);
  for (std::size_t i : {1u, 4u, 2u})
    pin(i, 0);
  auto found = run();
  CAF_CHECK_EQUAL(sizes(found), (counts{4, 4, 4}));
  for (std::size_t i : {1u, 4u, 2u}) {
    CAF_CHECK(owns(found, 0, i));
    CAF_CHECK_EQUAL(found.reasons.at(i).substr(0, 4), "pin ");
  }
  CAF_MESSAGE("three came, so three left, and the plan holds from then on");
  CAF_CHECK_EQUAL(moves(found), 6u);
  for (std::size_t w = 0; w < 3; ++w)
    for (auto i : found.shares.shares[w])
      in.previous[i] = w;
  CAF_CHECK_EQUAL(moves(run()), 0u);
  CAF_CHECK(run().reasons.empty());
}

CAF_TEST(
    a worker with more pinned than its share gets nothing else and others get the rest) {
  group(4, 16);
  for (std::size_t i = 0; i < 7; ++i)
    pin(i, 0);
  auto found = run();
  CAF_CHECK_EQUAL(sizes(found), (counts{7, 3, 3, 3}));
  for (std::size_t i = 0; i < 7; ++i)
    CAF_CHECK(owns(found, 0, i));
}

CAF_TEST(pins hold with every strategy) {
  group(3, 12);
  pin(1, 0);
  pin(3, 2);
  for (auto name : {"consistent_hash", "weighted_consistent_hash", "round_robin"}) {
    strategy_options options;
    options.name = name;
    deal = make_strategy(options);
    auto found = run();
    CAF_CHECK(owns(found, 0, 1));
    CAF_CHECK(owns(found, 2, 3));
    auto all = sizes(found);
    CAF_CHECK_EQUAL(all[0] + all[1] + all[2], 12u);
  }
}

CAF_TEST(a pin that cannot be followed is reported and the partition is assigned) {
  group(3, 12);
  pin(0, 7);
  pin(1, 2);
  pin(99, 0);
  drain(2);
  auto found = run();
  CAF_CHECK(says(found, "pin of p.0 to worker-7: worker-7 takes no part"));
  CAF_CHECK(says(found, "pin of p.1 to worker-2: worker-2 is drained"));
  CAF_CHECK(says(found, "there is no partition p.99"));
  CAF_CHECK_EQUAL(sizes(found), (counts{6, 6, 0}));
}

CAF_TEST(a pin brings a partition to a cordoned worker) {
  group(3, 12);
  cordon(0);
  pin(1, 0);
  auto found = run();
  CAF_CHECK(owns(found, 0, 1));
  CAF_CHECK_EQUAL(sizes(found), (counts{5, 3, 4}));
}

CAF_TEST(directives for workers that are not there are reported) {
  group(2, 4);
  cordon(8);
  drain(9);
  auto found = run();
  CAF_CHECK(says(found, "cordon of worker-8: worker-8 takes no part"));
  CAF_CHECK(says(found, "drain of worker-9: worker-9 takes no part"));
  CAF_CHECK_EQUAL(moves(found), 0u);
}

CAF_TEST(in a pause only partitions without an owner are assigned) {
  group(3, 12);
  in.workers.push_back({id(3), 100, ""});
  in.previous[0] = in.previous[1] = std::nullopt;
  drain(2);
  pin(5, 0);
  pin(1, 3);
  auto found = run(freedom::orphans_only);
  CAF_CHECK_EQUAL(moves(found), 0u);
  CAF_MESSAGE("they go where least is, and pins and cordons hold for them");
  CAF_CHECK_EQUAL(sizes(found), (counts{3, 3, 4, 2}));
  CAF_CHECK(owns(found, 3, 1));
}

CAF_TEST(weights of what is pinned count in the balance) {
  group(3, 24);
  in.partitions[1].weight = 150;
  for (std::size_t i : {1u, 2u, 4u, 5u, 7u, 8u})
    pin(i, 0);
  auto found = run();
  CAF_MESSAGE("2450 in all, so 816 for each, give or take the heaviest one");
  for (const auto& share : found.shares.shares) {
    std::int64_t load = 0;
    for (auto i : share)
      load += in.partitions[i].weight;
    CAF_CHECK(load >= 667 && load <= 966);
  }
  for (std::size_t i : {1u, 2u, 4u, 5u, 7u, 8u})
    CAF_CHECK(owns(found, 0, i));
}

CAF_TEST(the same input gives the same plan) {
  group(5, 40);
  drain(1);
  cordon(2);
  for (std::size_t i = 0; i < 10; ++i)
    pin(i, i % 5);
  auto first = run();
  auto second = run();
  CAF_CHECK(first.shares == second.shares);
  CAF_CHECK_EQUAL(first.trouble, second.trouble);
}

CAF_TEST(a long reason is cut between two characters) {
  for (std::string why : {"", "x"}) {
    for (int i = 0; i < 200; ++i)
      why += "\u00e4";
    auto text = short_text({drain_directive{id(1)}, 0, "", why});
    CAF_REQUIRE(text.size() <= 203u && text.ends_with("..."));
    text.resize(text.size() - 3);
    CAF_CHECK(text.ends_with("\u00e4"));
  }
}

CAF_TEST_FIXTURE_SCOPE_END()
