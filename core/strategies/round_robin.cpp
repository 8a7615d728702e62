// SPDX-License-Identifier: Apache-2.0
#include "partita/core/strategies/round_robin.hpp"

namespace partita::core {

plan plan_round_robin(const planning_input& in) {
  plan result;
  result.shares.resize(in.workers.size());
  if (in.workers.empty())
    return result;
  for (std::size_t i = 0; i < in.partitions.size(); ++i)
    result.shares[i % in.workers.size()].push_back(i);
  return result;
}

} // namespace partita::core
