// SPDX-License-Identifier: Apache-2.0
#include "partita/core/strategies/lightest_cover.hpp"

#include <algorithm>
#include <bit>
#include <numeric>

namespace partita::core {

namespace {

/// All sums below a limit that some of the weights have, and one way to each.
class reachable_sums {
public:
  explicit reachable_sums(std::size_t limit)
      : words_(limit / 64 + 1), last_(words_.size() * 64) {
    words_[0] = 1;
  }

  /// The sums are found in the order of the calls, so each is made of the earliest
  /// weights that give it.
  void add(std::size_t index, std::size_t weight) {
    auto skip = weight / 64;
    auto shift = weight % 64;
    // From above, so that what is read has not seen this weight yet.
    for (auto pos = words_.size(); pos-- > skip;) {
      auto sums = words_[pos - skip] << shift;
      if (shift > 0 && pos > skip)
        sums |= words_[pos - skip - 1] >> (64 - shift);
      for (auto fresh = sums & ~words_[pos]; fresh != 0; fresh &= fresh - 1)
        last_[pos * 64 + static_cast<std::size_t>(std::countr_zero(fresh))] = index;
      words_[pos] |= sums;
    }
  }

  bool has(std::size_t sum) const { return (words_[sum / 64] >> (sum % 64) & 1) != 0; }

  /// The last weight of the way to `sum`, by its index; the way to what is left without
  /// it uses earlier ones only.
  std::size_t last_of(std::size_t sum) const { return last_[sum]; }

private:
  std::vector<std::uint64_t> words_;
  std::vector<std::size_t> last_;
};

std::vector<std::size_t> exact_cover(const std::vector<std::int64_t>& weights,
                                     std::size_t target, std::size_t limit) {
  reachable_sums sums{limit};
  for (std::size_t i = 0; i < weights.size(); ++i)
    sums.add(i, static_cast<std::size_t>(weights[i]));
  auto sum = target;
  while (!sums.has(sum))
    ++sum;
  std::vector<std::size_t> result;
  while (sum > 0) {
    result.push_back(sums.last_of(sum));
    sum -= static_cast<std::size_t>(weights[result.back()]);
  }
  return result;
}

/// Of all ways to go on with the largest that does not reach the target, and to end with
/// one that does: the lightest.
std::vector<std::size_t> greedy_cover(const std::vector<std::int64_t>& weights,
                                      std::int64_t target) {
  std::vector<std::size_t> order(weights.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t x, std::size_t y) { return weights[x] > weights[y]; });
  std::vector<std::size_t> taken;
  std::size_t taken_by_best = 0;
  auto end_of_best = weights.size();
  std::int64_t least = 0; // by how much the best one passes
  for (auto i : order)
    if (weights[i] < target) {
      taken.push_back(i);
      target -= weights[i];
    } else if (end_of_best == weights.size() || weights[i] - target < least) {
      least = weights[i] - target;
      taken_by_best = taken.size();
      end_of_best = i;
    }
  taken.resize(taken_by_best);
  taken.push_back(end_of_best);
  return taken;
}

} // namespace

std::vector<std::size_t>
cover_finder::lightest_cover(const std::vector<std::int64_t>& weights,
                             std::int64_t target) {
  if (target <= 0)
    return {};
  // Some sum lies between the target and one weight more.
  auto limit = static_cast<std::size_t>(
      target + *std::max_element(weights.begin(), weights.end()));
  // Finding the way back costs up to 64 times as much for each sum, once.
  auto cost = limit / 64 * weights.size() + limit;
  if (cost > effort_)
    return greedy_cover(weights, target);
  effort_ -= cost;
  return exact_cover(weights, static_cast<std::size_t>(target), limit);
}

} // namespace partita::core
