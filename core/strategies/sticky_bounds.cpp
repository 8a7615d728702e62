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

// Beyond these the search would hardly ever come to an end.
constexpr std::size_t max_partitions = 16;
constexpr std::size_t max_workers = 64;
constexpr std::size_t max_steps = 400'000;

/// Depth first over the partitions, heaviest first; a branch ends where it moves as much
/// as the best plan so far, or cannot get all workers within their bounds for less.
class search {
public:
  search(const sticky_problem& problem, const load_bounds& bounds, std::int64_t enough,
         placement& best)
      : problem_(problem),
        bounds_(bounds),
        enough_(enough),
        best_(best),
        now_(best),
        least_(weight_moved(problem, best)),
        order_(problem.partition_count()),
        loads_(problem.worker_count()),
        own_(loads_of(problem, problem.owners)),
        blank_(problem.worker_count()) {
    std::iota(order_.begin(), order_.end(), std::size_t{0});
    problem.sort_by_weight(order_);
    for (std::size_t p = 0; p < order_.size(); ++p)
      if (problem_.owners[p] == no_worker)
        homeless_ += problem_.weights[p];
    for (std::size_t i = 0; i < own_.size(); ++i)
      blank_[i] = own_[i] == 0;
  }

  void run() { visit(0, 0); }

private:
  bool done() const { return steps_ >= max_steps || least_ <= enough_; }

  void visit(std::size_t depth, std::int64_t moved) {
    ++steps_;
    auto to_come = least_to_come();
    if (done() || moved + to_come >= least_)
      return;
    if (depth == order_.size()) {
      if (to_come == 0) {
        least_ = moved;
        best_ = now_;
      }
      return;
    }
    auto p = order_[depth];
    auto owner = problem_.owners[p];
    auto& source = owner == no_worker ? homeless_ : own_[owner];
    source -= problem_.weights[p];
    if (owner != no_worker)
      put(p, owner, depth, moved);
    for (std::size_t i = 0; i < loads_.size(); ++i)
      if (i != owner && !is_like_an_earlier_one(i))
        put(p, i, depth, owner == no_worker ? moved : moved + problem_.weights[p]);
    source += problem_.weights[p];
  }

  void put(std::size_t p, std::size_t i, std::size_t depth, std::int64_t moved) {
    auto weight = problem_.weights[p];
    if (done() || loads_[i] + weight > bounds_.upper[i])
      return;
    loads_[i] += weight;
    now_[p] = i;
    visit(depth + 1, moved);
    loads_[i] -= weight;
  }

  /// What the workers lack beyond what is still their own or homeless has to be moved; so
  /// has what they cannot keep of their own.
  std::int64_t least_to_come() const {
    std::int64_t lack = 0;
    std::int64_t excess = 0;
    for (std::size_t i = 0; i < loads_.size(); ++i) {
      auto all = loads_[i] + own_[i];
      lack += std::max<std::int64_t>(bounds_.lower[i] - all, 0);
      excess += std::max<std::int64_t>(all - bounds_.upper[i], 0);
    }
    return std::max(lack - homeless_, excess);
  }

  /// Of several empty workers of one capacity that had nothing, one need be tried.
  bool is_like_an_earlier_one(std::size_t i) const {
    if (!blank_[i] || loads_[i] > 0)
      return false;
    for (std::size_t j = 0; j < i; ++j)
      if (blank_[j] && loads_[j] == 0 && problem_.capacities[j] == problem_.capacities[i])
        return true;
    return false;
  }

  const sticky_problem& problem_;
  const load_bounds& bounds_;
  std::int64_t enough_;
  placement& best_;
  placement now_;
  std::int64_t least_; // what `best_` moves
  std::vector<std::size_t> order_;
  std::vector<std::int64_t> loads_; // what has been put
  std::vector<std::int64_t> own_;   // what has not, by its owner
  std::vector<bool> blank_;
  std::int64_t homeless_ = 0; // what has not, and has no owner
  std::size_t steps_ = 0;
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

std::int64_t weight_moved(const sticky_problem& problem, const placement& chosen) {
  std::int64_t result = 0;
  for (std::size_t p = 0; p < chosen.size(); ++p)
    if (problem.owners[p] != no_worker && problem.owners[p] != chosen[p])
      result += problem.weights[p];
  return result;
}

std::int64_t least_to_move(const sticky_problem& problem, const load_bounds& bounds) {
  auto loads = loads_of(problem, problem.owners);
  std::int64_t excess = 0;
  std::int64_t lack = 0;
  for (std::size_t i = 0; i < loads.size(); ++i) {
    excess += std::max<std::int64_t>(loads[i] - bounds.upper[i], 0);
    lack += std::max<std::int64_t>(bounds.lower[i] - loads[i], 0);
  }
  for (std::size_t p = 0; p < problem.owners.size(); ++p)
    if (problem.owners[p] == no_worker)
      lack -= problem.weights[p];
  return std::max(excess, lack);
}

void take_back_moves(const sticky_problem& problem, const load_bounds& bounds,
                     placement& chosen) {
  returning{problem, bounds, chosen}.run();
}

void search_fewest_moves(const sticky_problem& problem, const load_bounds& bounds,
                         std::int64_t enough, placement& chosen) {
  if (problem.partition_count() <= max_partitions
      && problem.worker_count() <= max_workers)
    search{problem, bounds, enough, chosen}.run();
}

} // namespace partita::core
