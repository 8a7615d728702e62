// SPDX-License-Identifier: Apache-2.0
#include "partita/core/strategies/registry.hpp"
#include "partita/core/strategies/shares.hpp"
#include "partita/core/strategies/sticky_bound.hpp"
#include "partita/core/strategies/sticky_problem.hpp"
#include "partita/core/strategies/weights.hpp"

#include <algorithm>
#include <iterator>
#include <tuple>
#include <utility>

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
    return no_worker;
  auto owner = in.previous[partition].value_or(no_worker);
  return owner < in.workers.size() ? owner : no_worker;
}

} // namespace

sticky_problem::sticky_problem(const planning_input& in, const strategy_options& options)
    : weights(effective_weights(in.partitions, options.default_weight)),
      in_(in),
      options_(options),
      worker_order_(by_id(in.workers)),
      places_(in.partitions.size()) {
  add_workers();
  add_partitions();
}

void sticky_problem::add_workers() {
  for (auto pos : worker_order_) {
    capacities.push_back(
        std::clamp<std::int64_t>(in_.workers[pos].capacity, 1, max_capacity));
    total_capacity += capacities.back();
    worker_zones.emplace_back(in_.workers[pos].zone);
    has_zones = has_zones || !worker_zones.back().empty();
  }
}

void sticky_problem::add_partitions() {
  auto rank_of = inverse(worker_order_);
  owners.reserve(weights.size());
  for (std::size_t p = 0; p < weights.size(); ++p) {
    weights[p] = std::min(weights[p], max_weight);
    auto owner = previous_owner(in_, p);
    owners.push_back(owner == no_worker ? no_worker : rank_of[owner]);
    if (!has_zones)
      continue;
    if (owner != no_worker)
      zones.emplace_back(in_.workers[owner].zone);
    else
      zones.emplace_back(p < in_.zones.size() ? in_.zones[p] : std::string_view{});
  }
}

std::uint64_t sticky_problem::place_of(std::size_t partition) const {
  auto& result = places_[partition];
  if (result == 0)
    result = hash_of(in_.partitions[partition], options_.seed);
  return result;
}

void sticky_problem::sort_by_place(std::vector<std::size_t>& partitions) const {
  std::vector<std::pair<std::uint64_t, std::size_t>> sorted;
  sorted.reserve(partitions.size());
  for (auto p : partitions)
    sorted.emplace_back(place_of(p), p);
  std::sort(sorted.begin(), sorted.end(), [this](const auto& x, const auto& y) {
    if (x.first != y.first)
      return x.first < y.first;
    const auto& xs = in_.partitions;
    return std::tie(xs[x.second].keys, x.second) < std::tie(xs[y.second].keys, y.second);
  });
  for (std::size_t i = 0; i < sorted.size(); ++i)
    partitions[i] = sorted[i].second;
}

void sticky_problem::sort_by_weight(std::vector<std::size_t>& partitions) const {
  sort_by_place(partitions);
  std::stable_sort(
      partitions.begin(), partitions.end(),
      [this](std::size_t x, std::size_t y) { return weights[x] > weights[y]; });
}

void sticky_problem::build_ring() const {
  std::vector<std::uint64_t> asked;
  std::copy_if(places_.begin(), places_.end(), std::back_inserter(asked),
               [](std::uint64_t place) { return place != 0; });
  // A part with half of all points would save nothing.
  if (asked.size() * 200 < worker_count() * options_.virtual_nodes)
    ring_.emplace(ids_of(in_.workers, worker_order_), options_.virtual_nodes,
                  options_.seed, asked);
  else
    build_whole_ring();
}

void sticky_problem::build_whole_ring() const {
  ring_.emplace(ids_of(in_.workers, worker_order_), options_.virtual_nodes,
                options_.seed);
}

plan sticky_problem::to_plan(const placement& chosen) const {
  auto by_rank = plan_of(chosen, worker_count());
  plan result;
  result.shares.resize(worker_count());
  for (std::size_t i = 0; i < worker_count(); ++i)
    result.shares[worker_order_[i]] = std::move(by_rank.shares[i]);
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
