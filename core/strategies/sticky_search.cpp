// SPDX-License-Identifier: Apache-2.0
#include "partita/core/strategies/sticky_bounds.hpp"

#include <algorithm>
#include <numeric>

namespace partita::core {

namespace {

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

void search_fewest_moves(const sticky_problem& problem, const load_bounds& bounds,
                         std::int64_t enough, placement& chosen) {
  if (problem.partition_count() <= max_partitions
      && problem.worker_count() <= max_workers)
    search{problem, bounds, enough, chosen}.run();
}

} // namespace partita::core
