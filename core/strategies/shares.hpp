// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/core/strategies/planning.hpp"

#include <algorithm>
#include <functional>

namespace partita::core {

/// By partition: its weight, or `default_weight` where that is 0 or less.
inline std::vector<std::int64_t>
effective_weights(const std::vector<partition>& partitions, std::int64_t default_weight) {
  std::vector<std::int64_t> result;
  result.reserve(partitions.size());
  for (const auto& x : partitions)
    result.push_back(x.weight > 0 ? x.weight : default_weight);
  return result;
}

/// The same as sticky counts weights, up to 2^40, and capacities, up to 2^31: every product
/// of a total weight and a capacity stays within 128 bits.
inline std::vector<std::int64_t> capped_weights(const std::vector<partition>& partitions,
                                                std::int64_t default_weight) {
  auto result = effective_weights(partitions, default_weight);
  for (auto& x : result)
    x = std::min(x, std::int64_t{1} << 40);
  return result;
}

inline std::int64_t capped_capacity(const candidate& x) {
  return std::clamp<std::int64_t>(x.capacity, 1, std::int64_t{1} << 31);
}

/// Whether weights say nothing: then a plan counts partitions.
inline bool all_equal(const std::vector<std::int64_t>& weights) {
  return std::adjacent_find(weights.begin(), weights.end(), std::not_equal_to<>{})
         == weights.end();
}

/// The plan in which each partition belongs to its owner in `owners`; shares are in the
/// order of the input. Each is allocated once.
inline plan plan_of(const std::vector<std::size_t>& owners, std::size_t workers) {
  std::vector<std::size_t> counts(workers);
  for (auto owner : owners)
    ++counts[owner];
  plan result;
  result.shares.resize(workers);
  for (std::size_t i = 0; i < workers; ++i)
    result.shares[i].reserve(counts[i]);
  for (std::size_t i = 0; i < owners.size(); ++i)
    result.shares[owners[i]].push_back(i);
  return result;
}

} // namespace partita::core
