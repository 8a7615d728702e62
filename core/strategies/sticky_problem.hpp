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
inline constexpr auto no_worker = std::numeric_limits<std::size_t>::max();

/// By partition: the worker.
using placement = std::vector<std::size_t>;

/// What sticky plans with: workers by id, partitions in the order of the input. Where the
/// order of partitions matters, they are sorted by place first, so no plan depends on the
/// order of the input. Most plans move little: only the places and the part of the ring
/// that are asked for are computed.
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
  /// input. The latter is empty unless has_zones.
  std::vector<std::string_view> worker_zones;
  std::vector<std::string_view> zones;
  /// Whether any worker has stated one.
  bool has_zones = false;

  std::size_t worker_count() const { return capacities.size(); }
  std::size_t partition_count() const { return weights.size(); }

  /// By place on the ring, then keys.
  void sort_by_place(std::vector<std::size_t>& partitions) const;

  /// Heaviest first; equal ones by place.
  void sort_by_weight(std::vector<std::size_t>& partitions) const;

  /// The owner of the partition on the ring.
  std::size_t home_of(std::size_t partition) const {
    return first_of(partition, [](std::size_t) { return true; });
  }

  /// The first worker on the ring, from the partition's place on, that `accepts`.
  template <class Predicate>
  std::size_t first_of(std::size_t partition, Predicate accepts) const {
    auto place = place_of(partition);
    if (!ring_)
      build_ring();
    auto result = ring_->first_of(place, accepts);
    if (result != hash_ring::unknown)
      return result;
    build_whole_ring();
    return ring_->first_of(place, accepts);
  }

  /// The plan in the order of the input.
  plan to_plan(const placement& owners) const;

private:
  void add_workers();
  void add_partitions();
  std::uint64_t place_of(std::size_t partition) const;
  void build_ring() const;
  void build_whole_ring() const;

  const planning_input& in_;
  const strategy_options& options_;
  std::vector<std::size_t> worker_order_;
  /// By partition: its hash, or 0 before that is first asked for.
  mutable std::vector<std::uint64_t> places_;
  mutable std::optional<hash_ring> ring_;
};

/// Who gets what if all partitions weigh the same; see sticky.cpp.
placement place_even(const sticky_problem& problem);

/// Who gets what if they do not; see sticky.cpp.
placement place_weighted(const sticky_problem& problem);

/// Lets partitions of one weight that move anyway change places, so that more of them
/// stay in their zone; see sticky.cpp.
void exchange_for_zones(const sticky_problem& problem, placement& owners);

} // namespace partita::core
