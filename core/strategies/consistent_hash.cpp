// SPDX-License-Identifier: Apache-2.0
#include "partita/core/strategies/hash_ring.hpp"
#include "partita/core/strategies/registry.hpp"
#include "partita/core/strategies/shares.hpp"

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
  // Two loops: the processor overlaps hashes with each other, but not with look-ups.
  std::vector<std::uint64_t> places;
  places.reserve(in.partitions.size());
  for (const auto& x : in.partitions)
    places.push_back(hash_of(x, options.seed));
  std::vector<std::size_t> owners;
  owners.reserve(places.size());
  for (auto place : places)
    owners.push_back(order[ring.owner_of(place)]);
  return plan_of(owners, in.workers.size());
}

} // namespace partita::core
