// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/core/strategies/planning.hpp"

#include <cstddef>
#include <vector>

namespace partita::core {

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
