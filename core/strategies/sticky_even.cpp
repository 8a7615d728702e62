// SPDX-License-Identifier: Apache-2.0
#include "partita/core/strategies/sticky_problem.hpp"

#include <algorithm>
#include <utility>

// Why this moves the fewest: a plan that gives worker i the quota q_i keeps at most
// min(count_i, q_i) of its partitions, and this one keeps as many. q_i is floor_i or
// floor_i + 1, the latter for exactly as many workers as there are partitions beyond
// all floors; it saves a move only where count_i > floor_i, and such workers come
// first.
namespace partita::core {

namespace {

/// How many partitions each worker may end with.
struct quotas {
  /// What a worker ends with at least.
  std::vector<std::size_t> base;
  /// It may as well be one more; all workers for which this holds are alike in movement
  /// and remainder, so the ring decides who of them gets it.
  std::vector<bool> contested;
  /// How many of the contested ones end with one more.
  std::size_t extra = 0;
};

/// The workers that round up, and those among which the ring decides.
class rounding {
public:
  rounding(const sticky_problem& problem, const std::vector<std::size_t>& counts)
      : remainders_(problem.worker_count()) {
    result_.base.resize(problem.worker_count());
    result_.contested.resize(problem.worker_count());
    auto total = static_cast<std::uint64_t>(problem.total_capacity);
    auto left = problem.partition_count();
    std::vector<std::size_t> keepers, others;
    for (std::size_t i = 0; i < problem.worker_count(); ++i) {
      auto share =
          problem.partition_count() * static_cast<std::uint64_t>(problem.capacities[i]);
      result_.base[i] = share / total;
      remainders_[i] = share % total;
      left -= result_.base[i];
      if (remainders_[i] > 0)
        (counts[i] > result_.base[i] ? keepers : others).push_back(i);
    }
    left = deal(left, keepers);
    deal(left, others);
  }

  quotas take() { return std::move(result_); }

private:
  /// Lets up to `left` workers of the group round up. Returns how many are left for
  /// others.
  std::size_t deal(std::size_t left, std::vector<std::size_t>& group) {
    if (left >= group.size()) {
      for (auto i : group)
        ++result_.base[i];
      return left - group.size();
    }
    if (left > 0)
      contest(left, group);
    return 0;
  }

  void contest(std::size_t left, std::vector<std::size_t>& group) {
    std::sort(group.begin(), group.end(), [this](std::size_t x, std::size_t y) {
      return remainders_[x] > remainders_[y];
    });
    auto last = remainders_[group[left - 1]];
    result_.extra = left;
    for (auto i : group)
      if (remainders_[i] > last) {
        ++result_.base[i];
        --result_.extra;
      } else if (remainders_[i] == last) {
        result_.contested[i] = true;
      }
  }

  std::vector<std::uint64_t> remainders_;
  quotas result_;
};

class even_placing {
public:
  explicit even_placing(const sticky_problem& problem)
      : problem_(problem), owners_(problem.owners), counts_(problem.worker_count()) {
    for (std::size_t p = 0; p < owners_.size(); ++p)
      if (owners_[p] == no_worker)
        homeless_.push_back(p);
      else
        ++counts_[owners_[p]];
    quotas_ = rounding{problem, counts_}.take();
    extra_ = static_cast<std::ptrdiff_t>(quotas_.extra);
    for (std::size_t i = 0; i < counts_.size(); ++i)
      if (quotas_.contested[i] && counts_[i] > quotas_.base[i])
        --extra_;
  }

  placement run() {
    find_movable();
    bring_home();
    move_home();
    release([this](std::size_t p) { return problem_.home_of(p) != owners_[p]; });
    release([](std::size_t) { return true; });
    place_homeless();
    return std::move(owners_);
  }

private:
  bool must_give(std::size_t i) const {
    if (counts_[i] == quotas_.base[i] + 1 && quotas_.contested[i])
      return extra_ < 0;
    return counts_[i] > quotas_.base[i];
  }

  bool may_take(std::size_t i) const {
    if (counts_[i] == quotas_.base[i] && quotas_.contested[i])
      return extra_ > 0;
    return counts_[i] < quotas_.base[i];
  }

  void give(std::size_t p) {
    auto i = owners_[p];
    if (counts_[i]-- == quotas_.base[i] + 1 && quotas_.contested[i])
      ++extra_;
    owners_[p] = no_worker;
  }

  void take(std::size_t p, std::size_t i) {
    if (counts_[i]++ == quotas_.base[i] && quotas_.contested[i])
      --extra_;
    owners_[p] = i;
  }

  /// A worker that need not give now need not later: none takes more than it may keep.
  void find_movable() {
    std::vector<bool> giving(counts_.size());
    for (std::size_t i = 0; i < counts_.size(); ++i)
      giving[i] = must_give(i);
    if (std::find(giving.begin(), giving.end(), true) != giving.end())
      for (std::size_t p = 0; p < owners_.size(); ++p)
        if (owners_[p] != no_worker && giving[owners_[p]])
          movable_.push_back(p);
    problem_.sort_by_place(movable_);
    problem_.sort_by_place(homeless_);
  }

  void bring_home() {
    std::erase_if(homeless_, [this](std::size_t p) {
      auto home = problem_.home_of(p);
      if (!may_take(home))
        return false;
      take(p, home);
      return true;
    });
  }

  void move_home() {
    for (auto p : movable_) {
      if (!must_give(owners_[p]))
        continue;
      auto home = problem_.home_of(p);
      if (!may_take(home))
        continue;
      give(p);
      take(p, home);
    }
  }

  template <class Predicate>
  void release(Predicate first) {
    for (auto p : movable_)
      if (owners_[p] != no_worker && must_give(owners_[p]) && first(p)) {
        give(p);
        homeless_.push_back(p);
      }
  }

  void place_homeless() {
    problem_.sort_by_place(homeless_);
    for (auto p : homeless_)
      take(p, problem_.first_of(p, [this](std::size_t i) { return may_take(i); }));
  }

  const sticky_problem& problem_;
  placement owners_;
  std::vector<std::size_t> counts_;
  std::vector<std::size_t> homeless_;
  /// What the workers have that must give, by place.
  std::vector<std::size_t> movable_;
  quotas quotas_;
  /// How many more contested workers may round up; below 0: how many that do must not.
  std::ptrdiff_t extra_ = 0;
};

} // namespace

placement place_even(const sticky_problem& problem) {
  return even_placing{problem}.run();
}

} // namespace partita::core
