// SPDX-License-Identifier: Apache-2.0
#include "partita/core/strategies/registry.hpp"
#include "partita/core/strategies/sticky_bound.hpp"
#include "partita/core/strategies/sticky_problem.hpp"
#include "partita/core/strategies/weights.hpp"

#include <algorithm>
#include <numeric>
#include <tuple>

namespace partita::core {

namespace {

std::vector<std::size_t> inverse(const std::vector<std::size_t>& order) {
  std::vector<std::size_t> result(order.size());
  for (std::size_t i = 0; i < order.size(); ++i)
    result[order[i]] = i;
  return result;
}

/// The present owner of a partition of the input, as a position in the input's workers.
std::size_t previous_owner(const planning_input& in, std::size_t partition) {
  if (partition >= in.previous.size())
    return nobody;
  auto owner = in.previous[partition].value_or(nobody);
  return owner < in.workers.size() ? owner : nobody;
}

} // namespace

sticky_problem::sticky_problem(const planning_input& in, const strategy_options& options)
    : in_(in), options_(options), worker_order_(by_id(in.workers)) {
  for (auto pos : worker_order_) {
    capacities.push_back(
        std::clamp<std::int64_t>(in.workers[pos].capacity, 1, max_capacity));
    total_capacity += capacities.back();
    worker_zones.emplace_back(in.workers[pos].zone);
    has_zones = has_zones || !worker_zones.back().empty();
  }
  sort_partitions();
  auto effective = effective_weights(in.partitions, options.default_weight);
  auto rank_of = inverse(worker_order_);
  for (auto pos : partition_order_) {
    weights.push_back(std::min(effective[pos], max_weight));
    auto owner = previous_owner(in, pos);
    owners.push_back(owner == nobody ? nobody : rank_of[owner]);
    if (owner != nobody)
      zones.emplace_back(in.workers[owner].zone);
    else
      zones.emplace_back(pos < in.zones.size() ? in.zones[pos] : std::string_view{});
  }
}

void sticky_problem::sort_partitions() {
  std::vector<std::uint64_t> hashes;
  for (const auto& x : in_.partitions)
    hashes.push_back(hash_of(x, options_.seed));
  partition_order_.resize(in_.partitions.size());
  std::iota(partition_order_.begin(), partition_order_.end(), std::size_t{0});
  std::sort(partition_order_.begin(), partition_order_.end(),
            [&](std::size_t x, std::size_t y) {
              const auto& xs = in_.partitions;
              return std::tie(hashes[x], xs[x].keys, x)
                     < std::tie(hashes[y], xs[y].keys, y);
            });
  for (auto pos : partition_order_)
    hashes_.push_back(hashes[pos]);
}

const hash_ring& sticky_problem::ring() const {
  if (!ring_)
    ring_.emplace(ids_of(in_.workers, worker_order_), options_.virtual_nodes,
                  options_.seed);
  return *ring_;
}

std::size_t sticky_problem::home_of(std::size_t partition) const {
  if (homes_.empty())
    for (auto hash : hashes_)
      homes_.push_back(ring().owner_of(hash));
  return homes_[partition];
}

plan sticky_problem::to_plan(const placement& chosen) const {
  plan result;
  result.shares.resize(worker_count());
  auto rank_of = inverse(partition_order_);
  for (std::size_t pos = 0; pos < rank_of.size(); ++pos)
    result.shares[worker_order_[chosen[rank_of[pos]]]].push_back(pos);
  return result;
}

/// Keeps every owner that the balance allows to keep.
///
/// A move is a partition that leaves a worker that is still there; partitions without an
/// owner, or of a worker that is gone, must be placed anyway. A weight <= 0 counts as
/// default_weight, a capacity below 1 as 1; weights above 2^40 count as 2^40, capacities
/// above 2^31 as 2^31.
///
/// Unweighted (all effective weights are equal) it promises, with the fair share of a
/// worker being number of partitions x its capacity / total capacity:
/// - every worker has its fair share, rounded down or up; so
///   two workers of equal capacity differ by at most one
///   partition;
/// - no plan for which this holds moves fewer partitions. Who of the workers rounds up is
///   chosen for fewest moves, then by the largest remainder, then by the ring.
///
/// Weighted, with the fair share being total weight x capacity / total capacity:
/// - |load - fair share| <= max(10 % of the fair share, the heaviest weight), always;
/// - the weight moved is at most the minimum for these bounds plus one heaviest
/// partition.
///   In general that minimum cannot be computed in time, so for large groups the plan
///   comes close to it rather than promising it; see sticky_weighted.cpp. A group that
///   is within its bounds is left alone.
///
/// Both: what moves or is newly placed goes to its owner on the hash ring while that
/// costs no move and no balance (unweighted: else to the next worker on the ring that has
/// room); what has to leave a worker is first what the ring gives to a worker that lacks
/// some. So a worker that returns gets its old partitions rather than others.
///
/// Zones: of partitions of one weight that move or are placed anyway, as many as possible
/// go to a worker of the zone in which they were. That costs no balance and no move, and
/// is decided before the ring; a worker or a partition without a zone has no preference.
///
/// Partitions that are bound to a worker count in its balance: sticky_bound.hpp.
///
/// Who owns what does not depend on the order of workers and partitions (as long as no
/// two share a name). A share is in the order of the input.
plan plan_sticky(const planning_input& in, const strategy_options& options) {
  if (in.workers.empty())
    return {};
  if (!in.bound.empty())
    return plan_sticky_bound(in, options);
  sticky_problem problem{in, options};
  auto owners =
      all_equal(problem.weights) ? place_even(problem) : place_weighted(problem);
  exchange_for_zones(problem, owners);
  return problem.to_plan(owners);
}

} // namespace partita::core
