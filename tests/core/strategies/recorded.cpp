// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE strategies.recorded

#include "support.hpp"

#include <caf/test/unit_test.hpp>

// Digests of the plans of more and larger groups than reference cases could hold. A leader
// of another version must not move partitions, so these may not change by accident.

using namespace planning_test;

namespace {

std::uint64_t digest(std::uint64_t hash, const plan& x) {
  auto add = [&hash](std::uint64_t y) {
    hash = (hash ^ y) * 0x9e3779b97f4a7c15 ^ hash >> 29;
  };
  for (const auto& share : x.shares) {
    add(share.size());
    for (auto p : share)
      add(p);
  }
  return hash;
}

struct group_kind {
  bool weighted = false;
  bool zoned = false;
  bool bound = false;
};

planning_input large(const group_kind& x) {
  auto in = group(400, 4000);
  for (std::size_t i = 0; x.zoned && i < in.workers.size(); ++i)
    in.workers[i].zone = "zone-" + std::to_string(i % 3);
  for (std::size_t i = 0; x.weighted && i < in.partitions.size(); ++i)
    in.partitions[i].weight = static_cast<std::int64_t>(i * i % 307) - 3;
  for (std::size_t i = 0; x.bound && i < in.partitions.size(); ++i)
    in.bound.push_back(i % 50 == 0 ? std::optional{i % 7} : std::nullopt);
  return in;
}

std::uint64_t history(const std::string& name, const group_kind& x) {
  auto plan_for = make(name);
  auto in = large(x);
  std::uint64_t result = 0;
  auto publish = [&] {
    auto next = plan_for(in);
    result = digest(result, next);
    in.previous = owners_in(in, next);
    in.zones.clear();
    for (auto owner : in.previous)
      in.zones.push_back(in.workers[*owner].zone);
  };
  publish();
  in = without(in, 399);
  publish();
  for (std::size_t i = 0; i < 30; ++i)
    in = without(in, in.workers.size() - 1 - i * 9);
  publish();
  in.workers.push_back(worker(1000, 300));
  publish();
  for (std::size_t i = 0; i < 20; ++i)
    in.workers.push_back(worker(2000 + i));
  for (auto& p : in.partitions)
    p.weight = p.weight * 7 % 101; // Equal ones stay equal.
  publish();
  return result;
}

/// Any group of few workers, unequal ones, weights and present owners.
planning_input any_group(std::mt19937_64& random) {
  auto upto = [&random](std::size_t n) { return random() % (n + 1); };
  auto in = group(1 + upto(9), 1 + upto(upto(2) == 0 ? 100 : 15));
  for (auto& x : in.workers)
    x.capacity = static_cast<std::int64_t>(upto(2) == 0 ? 1 + upto(1000) : 100);
  for (auto& x : in.partitions) {
    x.weight = static_cast<std::int64_t>(100 * (1 + upto(4)));
    auto owner = upto(upto(1) == 0 ? 1 : in.workers.size());
    in.previous.push_back(owner < in.workers.size() ? std::optional{owner}
                                                    : std::nullopt);
  }
  return in;
}

} // namespace

CAF_TEST(weighted groups of all kinds get the plans that they have always got) {
  std::mt19937_64 random{8};
  std::uint64_t result = 0;
  for (std::size_t i = 0; i < 3000; ++i)
    result = digest(result, make("sticky")(any_group(random)));
  CAF_CHECK_EQUAL(result, 13207510502297355893u);
}

CAF_TEST(large groups get the plans that they have always got) {
  CAF_CHECK_EQUAL(history("sticky", {}), 10700714626298419369u);
  CAF_CHECK_EQUAL(history("sticky", {.zoned = true}), 11337672394250932840u);
  CAF_CHECK_EQUAL(history("sticky", {.bound = true}), 18251318240257523785u);
  CAF_CHECK_EQUAL(history("sticky", {.weighted = true}), 1789296349005808469u);
  CAF_CHECK_EQUAL(history("sticky", {.weighted = true, .zoned = true}),
                  13519485855410603776u);
  CAF_CHECK_EQUAL(history("sticky", {.weighted = true, .zoned = true, .bound = true}),
                  13848750639340499011u);
  CAF_CHECK_EQUAL(history("consistent_hash", {}), 5637606231392232670u);
  CAF_CHECK_EQUAL(history("weighted_consistent_hash", {.weighted = true}),
                  3377453785478365869u);
}
