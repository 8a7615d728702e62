// SPDX-License-Identifier: Apache-2.0
#include "partita/core/strategies/registry.hpp"

namespace partita::core {

/// Partition i to worker i mod n, both in the order of the input; so it depends on both
/// orders, and one worker more or less moves nearly everything. Uses neither weights nor
/// capacities nor the previous plan.
plan plan_round_robin(const planning_input& in, const strategy_options&) {
  plan result;
  result.shares.resize(in.workers.size());
  if (in.workers.empty())
    return result;
  for (std::size_t i = 0; i < in.partitions.size(); ++i)
    result.shares[i % in.workers.size()].push_back(i);
  return result;
}

} // namespace partita::core
