// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/core/strategies/planning.hpp"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <vector>

namespace partita::core {

/// What sticky counts weights and capacities as at most: every product of a total weight
/// and a capacity stays within 128 bits.
inline constexpr auto max_weight = std::int64_t{1} << 40;
inline constexpr auto max_capacity = std::int64_t{1} << 31;

/// By partition: its weight, or `default_weight` where that is 0 or less.
inline std::vector<std::int64_t>
effective_weights(const std::vector<partition>& partitions, std::int64_t default_weight) {
  std::vector<std::int64_t> result;
  result.reserve(partitions.size());
  for (const auto& x : partitions)
    result.push_back(x.weight > 0 ? x.weight : default_weight);
  return result;
}

/// Whether weights say nothing: then a plan counts partitions.
inline bool all_equal(const std::vector<std::int64_t>& weights) {
  return std::adjacent_find(weights.begin(), weights.end(), std::not_equal_to<>{})
         == weights.end();
}

} // namespace partita::core
