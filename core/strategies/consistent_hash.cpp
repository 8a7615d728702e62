// SPDX-License-Identifier: Apache-2.0
#include "partita/core/strategies/hash_ring.hpp"
#include "partita/core/strategies/registry.hpp"

namespace partita::core {

/// Every partition to its owner on the hash ring.
///
/// Promises: who owns a partition depends on its keys and on the ids of the workers
/// alone, not on the order of the input nor on other partitions; a worker that leaves
/// moves only its own partitions, a worker that joins moves partitions only to itself. No
/// balance beyond that of the ring. A share is in the order of the input.
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
