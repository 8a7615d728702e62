// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/core/strategies/hash_ring.hpp"
#include "partita/core/strategies/strategies.hpp"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>
#include <vector>

namespace partita::core {

/// No worker: the owner of a partition that has to be placed.
inline constexpr auto nobody = std::numeric_limits<std::size_t>::max();

/// By partition: the worker.
using placement = std::vector<std::size_t>;

/// What sticky plans with: the input in an order of its own, workers by id and partitions
/// by their place on the ring, then keys. Whatever is computed from it alone cannot
/// depend on the order of the input.
class sticky_problem {
public:
  /// @pre there are workers; `in` and `options` outlive this
  sticky_problem(const planning_input& in, const strategy_options& options);

  /// By worker; each at least 1.
  std::vector<std::int64_t> capacities;
  std::int64_t total_capacity = 0;
  /// By partition; each at least 1.
  std::vector<std::int64_t> weights;
  /// The present owners.
  placement owners;
  /// By worker, and by partition: that of its present or last owner. They point into the
  /// input.
  std::vector<std::string_view> worker_zones;
  std::vector<std::string_view> zones;
  /// Whether any worker has stated one.
  bool has_zones = false;

  std::size_t worker_count() const { return capacities.size(); }
  std::size_t partition_count() const { return weights.size(); }

  /// The owner of the partition on the ring, which is built when it is first asked for:
  /// most plans change nothing and need none.
  std::size_t home_of(std::size_t partition) const;

  /// The first worker on the ring, from the partition's place on, that `accepts`.
  template <class Predicate>
  std::size_t first_of(std::size_t partition, Predicate accepts) const {
    return ring().first_of(hashes_[partition], accepts);
  }

  /// The plan in the order of the input.
  plan to_plan(const placement& owners) const;

private:
  const hash_ring& ring() const;
  void sort_partitions();

  const planning_input& in_;
  const strategy_options& options_;
  std::vector<std::size_t> worker_order_;
  std::vector<std::size_t> partition_order_;
  std::vector<std::uint64_t> hashes_; // by partition
  mutable std::optional<hash_ring> ring_;
  mutable std::vector<std::size_t> homes_;
};

/// Who gets what if all partitions weigh the same; see sticky.cpp.
placement place_even(const sticky_problem& problem);

/// Who gets what if they do not; see sticky.cpp.
placement place_weighted(const sticky_problem& problem);

/// Lets partitions of one weight that move anyway change places, so that more of them
/// stay in their zone; see sticky.cpp.
void exchange_for_zones(const sticky_problem& problem, placement& owners);

} // namespace partita::core
