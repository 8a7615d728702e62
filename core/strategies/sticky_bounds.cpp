// SPDX-License-Identifier: Apache-2.0
#include "partita/core/strategies/sticky_problem.hpp"

#include <algorithm>
#include <numeric>
#include <set>
#include <utility>

namespace partita::core {

namespace {

__extension__ using wide = __int128;

std::int64_t floor_of(wide x, wide divisor) {
  return static_cast<std::int64_t>(x / divisor);
}

std::int64_t ceil_of(wide x, wide divisor) {
  return static_cast<std::int64_t>((x + divisor - 1) / divisor);
}

/// Returns to owners what the bounds allow.
class returning {
public:
  returning(const sticky_problem& problem, const load_bounds& bounds, placement& chosen)
      : problem_(problem),
        bounds_(bounds),
        chosen_(chosen),
        loads_(loads_of(problem, chosen)) {}

  void run() {
    auto moved = moved_by_weight();
    if (moved.empty())
      return;
    for (auto p : moved)
      if (problem_.weights[p] <= room_for_return(p))
        move(p, problem_.owners[p]);
    collect_kept(moved);
    for (auto p : moved)
      if (chosen_[p] != problem_.owners[p])
        exchange(p);
  }

private:
  using entry = std::pair<std::int64_t, std::size_t>; // a weight and a rank

  std::vector<std::size_t> moved_by_weight() const {
    std::vector<std::size_t> result;
    for (std::size_t p = 0; p < chosen_.size(); ++p)
      if (problem_.owners[p] != no_worker && problem_.owners[p] != chosen_[p])
        result.push_back(p);
    problem_.sort_by_weight(result);
    return result;
  }

  /// How much weight could go back from where the partition is to where it was.
  std::int64_t room_for_return(std::size_t p) const {
    auto here = chosen_[p];
    auto there = problem_.owners[p];
    return std::min(loads_[here] - bounds_.lower[here],
                    bounds_.upper[there] - loads_[there]);
  }

  void move(std::size_t p, std::size_t to) {
    loads_[chosen_[p]] -= problem_.weights[p];
    loads_[to] += problem_.weights[p];
    chosen_[p] = to;
  }

  /// Only of workers that still miss some of `moved`.
  void collect_kept(const std::vector<std::size_t>& moved) {
    std::vector<bool> misses(problem_.worker_count());
    for (auto p : moved)
      if (chosen_[p] != problem_.owners[p])
        misses[problem_.owners[p]] = true;
    for (std::size_t p = 0; p < chosen_.size(); ++p)
      if (auto owner = problem_.owners[p]; owner != no_worker && misses[owner])
        order_.push_back(p);
    problem_.sort_by_place(order_);
    std::vector<std::vector<entry>> kept(problem_.worker_count());
    ranks_.resize(chosen_.size());
    for (std::size_t rank = 0; rank < order_.size(); ++rank) {
      auto p = order_[rank];
      ranks_[p] = rank;
      if (chosen_[p] == problem_.owners[p])
        kept[chosen_[p]].emplace_back(problem_.weights[p], rank);
    }
    for (auto& xs : kept) {
      std::sort(xs.begin(), xs.end()); // A set is made from a sorted list at once.
      kept_.emplace_back(xs.begin(), xs.end());
    }
  }

  /// Sends the lightest partition that will do instead of `p`.
  void exchange(std::size_t p) {
    auto here = chosen_[p];
    auto there = problem_.owners[p];
    auto weight = problem_.weights[p];
    auto& kept = kept_[there];
    auto found = kept.lower_bound({weight - room_for_return(p), 0});
    if (found == kept.end() || found->first >= weight)
      return;
    auto instead = order_[found->second];
    kept.erase(found);
    kept.emplace(weight, ranks_[p]);
    move(p, there);
    move(instead, here);
  }

  const sticky_problem& problem_;
  const load_bounds& bounds_;
  placement& chosen_;
  std::vector<std::int64_t> loads_;
  std::vector<std::size_t> order_;    // partitions by place
  std::vector<std::size_t> ranks_;    // their positions in it
  std::vector<std::set<entry>> kept_; // by worker
};

} // namespace

load_bounds::load_bounds(const sticky_problem& problem) {
  const auto& weights = problem.weights;
  heaviest = *std::max_element(weights.begin(), weights.end());
  wide total = std::accumulate(weights.begin(), weights.end(), std::int64_t{0});
  wide capacity = problem.total_capacity;
  for (auto own : problem.capacities) {
    auto share = total * own; // in units of 1 / capacity
    fair.push_back(floor_of(share, capacity));
    lower.push_back(
        std::max<std::int64_t>(0, std::min(ceil_of(share * 9, capacity * 10),
                                           ceil_of(share, capacity) - heaviest)));
    upper.push_back(
        std::max(floor_of(share * 11, capacity * 10), fair.back() + heaviest));
  }
}

std::vector<std::int64_t> loads_of(const sticky_problem& problem,
                                   const placement& owners) {
  std::vector<std::int64_t> result(problem.worker_count());
  for (std::size_t p = 0; p < owners.size(); ++p)
    if (owners[p] != no_worker)
      result[owners[p]] += problem.weights[p];
  return result;
}

void take_back_moves(const sticky_problem& problem, const load_bounds& bounds,
                     placement& chosen) {
  returning{problem, bounds, chosen}.run();
}

} // namespace partita::core
