// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE strategies.cover

#include "partita/core/strategies/sticky_problem.hpp"

#include <caf/test/unit_test.hpp>

#include <algorithm>
#include <numeric>
#include <random>

using partita::core::cover_finder;

namespace {

using weight_list = std::vector<std::int64_t>;

std::int64_t sum_of(const weight_list& weights, const std::vector<std::size_t>& chosen) {
  std::int64_t result = 0;
  for (auto i : chosen)
    result += weights.at(i);
  return result;
}

bool has_doubles(std::vector<std::size_t> chosen) {
  std::sort(chosen.begin(), chosen.end());
  return std::adjacent_find(chosen.begin(), chosen.end()) != chosen.end();
}

std::int64_t least_sum(const weight_list& weights, std::int64_t target) {
  auto result = std::accumulate(weights.begin(), weights.end(), std::int64_t{0});
  for (std::size_t set = 0; set < std::size_t{1} << weights.size(); ++set) {
    std::int64_t sum = 0;
    for (std::size_t i = 0; i < weights.size(); ++i)
      sum += (set >> i & 1) != 0 ? weights[i] : 0;
    if (sum >= target)
      result = std::min(result, sum);
  }
  return result;
}

} // namespace

CAF_TEST(no choice of small weights passes the target by less) {
  std::mt19937_64 random{1};
  for (int round = 0; round < 3000; ++round) {
    weight_list weights;
    auto most = 1 + random() % 300;
    for (auto n = 1 + random() % 10; n > 0; --n)
      weights.push_back(static_cast<std::int64_t>(1 + random() % most));
    auto all = std::accumulate(weights.begin(), weights.end(), std::int64_t{0});
    auto target =
        static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(all)) + 1;
    auto found = cover_finder{}.lightest_cover(weights, target);
    if (has_doubles(found) || sum_of(weights, found) != least_sum(weights, target))
      CAF_FAIL("round " << round << " found " << sum_of(weights, found));
  }
  CAF_CHECK(true);
}

CAF_TEST(weights beyond the effort are still covered by less than one too many) {
  std::mt19937_64 random{2};
  for (int round = 0; round < 3000; ++round) {
    weight_list weights;
    for (auto n = 1 + random() % 30; n > 0; --n)
      weights.push_back(
          static_cast<std::int64_t>(1 + random() % (std::uint64_t{1} << 40)));
    auto all = std::accumulate(weights.begin(), weights.end(), std::int64_t{0});
    auto target =
        static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(all)) + 1;
    auto found = cover_finder{}.lightest_cover(weights, target);
    std::int64_t heaviest = 0;
    for (auto i : found)
      heaviest = std::max(heaviest, weights.at(i));
    auto sum = sum_of(weights, found);
    if (has_doubles(found) || sum < target || sum - target >= heaviest)
      CAF_FAIL("round " << round << " found " << sum << " for " << target);
  }
  CAF_CHECK(true);
}

CAF_TEST(of equal weights the first are taken) {
  auto found = cover_finder{}.lightest_cover({5, 7, 5, 5}, 10);
  std::sort(found.begin(), found.end());
  CAF_CHECK(found == (std::vector<std::size_t>{0, 2}));
}

CAF_TEST(nothing covers nothing) {
  CAF_CHECK(cover_finder{}.lightest_cover({5, 7}, 0).empty());
  CAF_CHECK(cover_finder{}.lightest_cover({5, 7}, -3).empty());
}
