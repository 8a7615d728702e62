// SPDX-License-Identifier: Apache-2.0
#include "partita/core/strategies/consistent_hash.hpp"

#include "partita/core/strategies/hash_ring.hpp"

namespace partita::core {

plan plan_consistent_hash(const planning_input& in, const strategy_options& options) {
  plan result;
  result.shares.resize(in.workers.size());
  if (in.workers.empty() || in.partitions.empty())
    return result;
  auto order = by_id(in.workers);
  hash_ring ring{ids_of(in.workers, order), options.virtual_nodes, options.seed};
  for (std::size_t i = 0; i < in.partitions.size(); ++i) {
    auto owner = ring.owner_of(hash_of(in.partitions[i], options.seed));
    result.shares[order[owner]].push_back(i);
  }
  return result;
}

} // namespace partita::core
