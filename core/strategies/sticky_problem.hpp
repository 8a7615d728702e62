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
      build_ring(false);
    auto result = ring_->first_of(place, accepts);
    if (result != hash_ring::unknown)
      return result;
    build_ring(true);
    return ring_->first_of(place, accepts);
  }

  /// The plan in the order of the input.
  plan to_plan(const placement& owners) const;

private:
  void add_workers();
  void add_partitions();
  std::uint64_t place_of(std::size_t partition) const;
  /// `whole`: not only the part that is known to be asked for.
  void build_ring(bool whole) const;

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

/// What weight each worker may carry in a weighted sticky plan: its fair share, give or
/// take 10 % or one heaviest partition, whichever is more. As loads are whole numbers,
/// the bounds are rounded inwards without a loss.
struct load_bounds {
  explicit load_bounds(const sticky_problem& problem);

  /// By worker.
  std::vector<std::int64_t> lower;
  std::vector<std::int64_t> fair; // rounded down
  std::vector<std::int64_t> upper;
  /// The heaviest partition. fair + heaviest <= upper; lower + heaviest <= fair + 1
  /// unless lower is 0.
  std::int64_t heaviest = 0;
};

/// By worker: the weight of what it has in `owners`.
std::vector<std::int64_t> loads_of(const sticky_problem& problem,
                                   const placement& owners);

/// Takes back moves that turn out not to be needed: a partition returns to its owner, or
/// a lighter one of the same owner goes in its place, as long as all stay within their
/// bounds.
void take_back_moves(const sticky_problem& problem, const load_bounds& bounds,
                     placement& chosen);

/// Finds out of a list of weights those that sum up to at least a target and pass it by
/// the least. Exact as long as the effort lasts; beyond that nearly so.
class cover_finder {
public:
  /// Indices in `weights`, in no order. They pass the target by less than the heaviest of
  /// them. Where several have the same sum, weights that stand early are preferred.
  /// @pre all weights are at least 1 and their sum is at least `target`
  std::vector<std::size_t> lightest_cover(const std::vector<std::int64_t>& weights,
                                          std::int64_t target);

private:
  /// Words of 64 sums that may still be computed; a few milliseconds for all calls
  /// together.
  std::size_t effort_ = std::size_t{1} << 22;
};

/// The strategy; its contract is in sticky.cpp.
plan plan_sticky(const planning_input& in, const strategy_options& options);

} // namespace partita::core
