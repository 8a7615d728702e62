// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE strategies.bound

#include "support.hpp"

#include <caf/test/unit_test.hpp>

// sticky where some partitions are bound to workers.

using namespace planning_test;

namespace {

plan sticky(const planning_input& in) {
  return make("sticky")(in);
}

/// A small group; about a quarter of the partitions is bound.
planning_input any_bound(std::mt19937_64& random) {
  auto upto = [&random](std::size_t n) { return random() % (n + 1); };
  auto in = group(1 + upto(4), upto(12));
  auto weighted = upto(1) == 0;
  for (auto& x : in.partitions) {
    if (weighted)
      x.weight = static_cast<std::int64_t>(1 + upto(99));
    in.previous.push_back(upto(in.workers.size() - 1));
    in.bound.push_back(upto(3) == 0 ? std::optional{upto(in.workers.size() - 1)}
                                    : std::nullopt);
  }
  return in;
}

} // namespace

CAF_TEST(what is bound is where it is bound to and shares are in the order of the input) {
  std::mt19937_64 random{9};
  for (int i = 0; i < 5000; ++i) {
    auto in = any_bound(random);
    auto x = sticky(in);
    auto owners = owners_in(in, x);
    auto holds = places_all_once(in, x);
    for (std::size_t p = 0; p < in.bound.size(); ++p)
      holds = holds && (!in.bound[p] || owners[p] == in.bound[p]);
    for (const auto& share : x.shares)
      holds = holds && std::is_sorted(share.begin(), share.end());
    if (!holds)
      CAF_FAIL("case " << i);
  }
  CAF_CHECK(true);
}

CAF_TEST(a bound partition changes places with one of about its weight) {
  auto in = group(2, 3);
  in.partitions[0].weight = 60;
  in.partitions[1].weight = 40;
  in.partitions[2].weight = 90;
  in.previous.assign(3, 1);
  CAF_MESSAGE("the lightest one would move, if it were not bound");
  CAF_CHECK(sticky(in).shares == (plan{{{1}, {0, 2}}}.shares));
  in.bound = {std::nullopt, 1, std::nullopt};
  CAF_CHECK(sticky(in).shares == (plan{{{0}, {1, 2}}}.shares));
}

CAF_TEST(a first plan binds as well) {
  std::mt19937_64 random{10};
  for (int i = 0; i < 500; ++i) {
    auto in = any_bound(random);
    in.previous.clear();
    auto x = sticky(in);
    auto owners = owners_in(in, x);
    auto holds = places_all_once(in, x);
    for (std::size_t p = 0; p < in.bound.size(); ++p)
      holds = holds && (!in.bound[p] || owners[p] == in.bound[p]);
    if (!holds)
      CAF_FAIL("case " << i);
  }
  CAF_CHECK(true);
}
