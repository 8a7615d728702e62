// SPDX-License-Identifier: Apache-2.0
#include "partita/core/strategies/sticky_problem.hpp"

#include <algorithm>
#include <bit>
#include <cassert>
#include <numeric>
#include <queue>
#include <tuple>
#include <utility>

// Four steps; w is the heaviest partition, each bound lies at least w from the fair
// share.
//
// 1. shed: a worker above its upper bound lets go of just enough: it goes below the bound
//    by less than one partition, so it stays above upper - w, which is at least its fair
//    share.
// 2. settle: a homeless partition goes to its home on the ring if this keeps the home
// within
//    its fair share and takes nothing that others lack; all others, heaviest first, to
//    the worker that lacks the most below its lower bound or, if none does, is the
//    farthest below its fair share. While a partition is homeless some worker is below
//    its fair share, and may take any partition without passing its upper bound.
// 3. feed: a worker still below its lower bound takes partitions of others. As all shares
//    sum up to the total, another worker is above its fair share then, and can give any
//    partition without passing its own lower bound; so this step ends with all within
//    their bounds.
// 4. take back what was not needed after all.
//
// Step 1 lets go of the least weight that will do, so where step 3 has nothing to do no
// plan within the bounds moves less. Step 3 takes the largest partition that fits, at
// last the one that passes by the least. The least weight to move cannot be computed in
// general: it answers whether numbers can be divided into groups of equal sum
// (3-partition). Trying all plans of small groups shows that about one in a million moves
// more than that and one heaviest partition; a search for these was not worth its code.
namespace partita::core {

namespace {

/// All sums below a limit that some of the weights have, and one way to each.
class reachable_sums {
public:
  explicit reachable_sums(std::size_t limit)
      : words_(limit / 64 + 1), last_(words_.size() * 64) {
    words_[0] = 1;
  }

  /// The sums are found in the order of the calls, so each is made of the earliest
  /// weights that give it.
  void add(std::size_t index, std::size_t weight) {
    auto skip = weight / 64;
    auto shift = weight % 64;
    // From above, so that what is read has not seen this weight yet.
    for (auto pos = words_.size(); pos-- > skip;) {
      auto sums = words_[pos - skip] << shift;
      if (shift > 0 && pos > skip)
        sums |= words_[pos - skip - 1] >> (64 - shift);
      for (auto fresh = sums & ~words_[pos]; fresh != 0; fresh &= fresh - 1)
        last_[pos * 64 + static_cast<std::size_t>(std::countr_zero(fresh))] = index;
      words_[pos] |= sums;
    }
  }

  bool has(std::size_t sum) const { return (words_[sum / 64] >> (sum % 64) & 1) != 0; }

  /// The last weight of the way to `sum`, by its index; the way to what is left without
  /// it uses earlier ones only.
  std::size_t last_of(std::size_t sum) const { return last_[sum]; }

private:
  std::vector<std::uint64_t> words_;
  std::vector<std::size_t> last_;
};

std::vector<std::size_t> exact_cover(const std::vector<std::int64_t>& weights,
                                     std::size_t target, std::size_t limit) {
  reachable_sums sums{limit};
  for (std::size_t i = 0; i < weights.size(); ++i)
    sums.add(i, static_cast<std::size_t>(weights[i]));
  auto sum = target;
  while (!sums.has(sum))
    ++sum;
  std::vector<std::size_t> result;
  while (sum > 0) {
    result.push_back(sums.last_of(sum));
    sum -= static_cast<std::size_t>(weights[result.back()]);
  }
  return result;
}

/// Of all ways to go on with the largest that does not reach the target, and to end with
/// one that does: the lightest.
std::vector<std::size_t> greedy_cover(const std::vector<std::int64_t>& weights,
                                      std::int64_t target) {
  std::vector<std::size_t> order(weights.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t x, std::size_t y) { return weights[x] > weights[y]; });
  std::vector<std::size_t> taken;
  std::size_t taken_by_best = 0;
  auto end_of_best = weights.size();
  std::int64_t least = 0; // by how much the best one passes
  for (auto i : order)
    if (weights[i] < target) {
      taken.push_back(i);
      target -= weights[i];
    } else if (end_of_best == weights.size() || weights[i] - target < least) {
      least = weights[i] - target;
      taken_by_best = taken.size();
      end_of_best = i;
    }
  taken.resize(taken_by_best);
  taken.push_back(end_of_best);
  return taken;
}

/// Numbers in ascending order, of which some have been taken.
class pool {
public:
  explicit pool(std::vector<std::size_t> xs) : xs_(std::move(xs)), last_(xs_.size() + 1) {
    std::iota(last_.begin(), last_.end(), std::size_t{0});
  }

  const std::vector<std::size_t>& all() const { return xs_; }
  bool has(std::size_t index) const { return last_[index + 1] == index + 1; }
  void take(std::size_t index) { last_[index + 1] = index; }

  /// How many there are up to the last one before `end` that is left.
  std::size_t end_of_left(std::size_t end) {
    while (last_[end] != end)
      end = last_[end] = last_[last_[end]];
    return end;
  }

private:
  std::vector<std::size_t> xs_;
  std::vector<std::size_t> last_; // by end: itself, or a nearer one to the answer
};

class weighted_placing {
public:
  weighted_placing(const sticky_problem& problem, const load_bounds& bounds)
      : problem_(problem),
        bounds_(bounds),
        owners_(problem.owners),
        loads_(loads_of(problem, problem.owners)) {
    for (std::size_t p = 0; p < owners_.size(); ++p)
      if (owners_[p] == no_worker)
        homeless_.push_back(p);
  }

  placement run() {
    shed();
    settle();
    feed();
    return std::move(owners_);
  }

private:
  std::int64_t lack_of(std::size_t i) const {
    return std::max<std::int64_t>(bounds_.lower[i] - loads_[i], 0);
  }

  void release(std::size_t p) {
    loads_[owners_[p]] -= problem_.weights[p];
    owners_[p] = no_worker;
    homeless_.push_back(p);
  }

  void take(std::size_t p, std::size_t to) {
    loads_[to] += problem_.weights[p];
    owners_[p] = to;
  }

  // -- step 1: shed

  void shed() {
    std::vector<std::vector<std::size_t>> shares(loads_.size());
    for (std::size_t p = 0; p < owners_.size(); ++p)
      if (owners_[p] != no_worker && loads_[owners_[p]] > bounds_.upper[owners_[p]])
        shares[owners_[p]].push_back(p);
    for (std::size_t i = 0; i < shares.size(); ++i)
      if (!shares[i].empty())
        shed(i, shares[i]);
  }

  void shed(std::size_t i, std::vector<std::size_t>& share) {
    problem_.sort_by_place(share);
    // What the ring gives to a worker below its fair share goes first.
    std::stable_partition(share.begin(), share.end(), [&](std::size_t p) {
      auto home = problem_.home_of(p);
      return home != i && loads_[home] < bounds_.fair[home];
    });
    std::vector<std::int64_t> weights;
    for (auto p : share)
      weights.push_back(problem_.weights[p]);
    for (auto pos : covers_.lightest_cover(weights, loads_[i] - bounds_.upper[i]))
      release(share[pos]);
  }

  // -- step 2: settle

  void settle() {
    if (homeless_.empty())
      return;
    problem_.sort_by_weight(homeless_);
    settle_at_home();
    using rank = std::tuple<std::int64_t, std::int64_t, std::size_t>;
    std::priority_queue<rank> queue;
    auto add = [&](std::size_t i) {
      queue.emplace(lack_of(i), bounds_.fair[i] - loads_[i], i);
    };
    for (std::size_t i = 0; i < loads_.size(); ++i)
      add(i);
    for (auto p : homeless_) {
      auto neediest = std::get<2>(queue.top());
      queue.pop();
      take(p, neediest);
      add(neediest);
    }
    homeless_.clear();
  }

  void settle_at_home() {
    std::int64_t homeless = 0;
    for (auto p : homeless_)
      homeless += problem_.weights[p];
    // Enough to lift all workers above their lower bounds, however badly the pieces fit.
    std::int64_t reserve = 0;
    for (std::size_t i = 0; i < loads_.size(); ++i)
      reserve += reserve_for(i);
    std::erase_if(homeless_, [&](std::size_t p) {
      auto home = problem_.home_of(p);
      auto weight = problem_.weights[p];
      if (loads_[home] + weight > bounds_.fair[home])
        return false;
      auto useful = weight <= lack_of(home);
      auto before = reserve_for(home);
      take(p, home);
      auto after = reserve_for(home);
      if (!useful && homeless - weight < reserve - before + after) {
        loads_[home] -= weight;
        owners_[p] = no_worker;
        return false;
      }
      homeless -= weight;
      reserve += after - before;
      return true;
    });
  }

  std::int64_t reserve_for(std::size_t i) const {
    return lack_of(i) > 0 ? lack_of(i) + bounds_.heaviest : 0;
  }

  // -- step 3: feed

  void feed() {
    std::vector<std::size_t> hungry;
    for (std::size_t i = 0; i < loads_.size(); ++i)
      if (lack_of(i) > 0)
        hungry.push_back(i);
    if (hungry.empty())
      return;
    std::stable_sort(hungry.begin(), hungry.end(), [this](std::size_t x, std::size_t y) {
      return lack_of(x) > lack_of(y);
    });
    collect_givable();
    std::vector<std::vector<std::size_t>> at_home(loads_.size());
    for (std::size_t pos = 0; pos < givable_.size(); ++pos)
      if (auto home = problem_.home_of(givable_[pos]); lack_of(home) > 0)
        at_home[home].push_back(pos);
    std::vector<std::size_t> positions(givable_.size());
    std::iota(positions.begin(), positions.end(), std::size_t{0});
    pool all{std::move(positions)};
    for (auto i : hungry) {
      pool own{std::move(at_home[i])};
      while (lack_of(i) > 0)
        feed(i, all, own);
    }
  }

  /// All that may be given, lightest first; equal ones by place.
  void collect_givable() {
    for (std::size_t p = 0; p < owners_.size(); ++p)
      if (can_give(p))
        givable_.push_back(p);
    problem_.sort_by_place(givable_);
    std::stable_sort(givable_.begin(), givable_.end(),
                     [this](std::size_t x, std::size_t y) {
                       return problem_.weights[x] < problem_.weights[y];
                     });
  }

  /// Moves the largest partition that fits to `i`, those whose home it is first; if none
  /// fits, the smallest.
  void feed(std::size_t i, pool& all, pool& at_home) {
    auto found = largest(at_home, lack_of(i));
    if (!found)
      found = largest(all, lack_of(i));
    if (!found)
      found = smallest(all);
    all.take(*found);
    auto p = givable_[*found];
    loads_[owners_[p]] -= problem_.weights[p];
    take(p, i);
  }

  /// In this step a giver only gets lighter, so what cannot be given now never can.
  bool can_give(std::size_t p) const {
    return loads_[owners_[p]] - problem_.weights[p] >= bounds_.lower[owners_[p]];
  }

  /// The position in givable_.
  std::optional<std::size_t> largest(pool& from, std::int64_t limit) const {
    const auto& all = from.all();
    auto fits = std::partition_point(all.begin(), all.end(), [&](std::size_t pos) {
      return problem_.weights[givable_[pos]] <= limit;
    });
    auto end = static_cast<std::size_t>(fits - all.begin());
    while ((end = from.end_of_left(end)) > 0) {
      from.take(--end);
      if (can_give(givable_[all[end]]))
        return all[end];
    }
    return std::nullopt;
  }

  /// The same.
  /// @pre something can be given, see above
  std::size_t smallest(pool& all) {
    while (!all.has(smallest_) || !can_give(givable_[smallest_])) {
      all.take(smallest_++);
      assert(smallest_ < givable_.size());
    }
    return smallest_;
  }

  const sticky_problem& problem_;
  const load_bounds& bounds_;
  placement owners_;
  std::vector<std::int64_t> loads_;
  std::vector<std::size_t> homeless_;
  std::vector<std::size_t> givable_;
  std::size_t smallest_ = 0; // no earlier one can be given
  cover_finder covers_;
};

} // namespace

std::vector<std::size_t>
cover_finder::lightest_cover(const std::vector<std::int64_t>& weights,
                             std::int64_t target) {
  if (target <= 0)
    return {};
  // Some sum lies between the target and one weight more.
  auto limit = static_cast<std::size_t>(
      target + *std::max_element(weights.begin(), weights.end()));
  // Finding the way back costs up to 64 times as much for each sum, once.
  auto cost = limit / 64 * weights.size() + limit;
  if (cost > effort_)
    return greedy_cover(weights, target);
  effort_ -= cost;
  return exact_cover(weights, static_cast<std::size_t>(target), limit);
}

placement place_weighted(const sticky_problem& problem) {
  load_bounds bounds{problem};
  auto result = weighted_placing{problem, bounds}.run();
  take_back_moves(problem, bounds, result);
  return result;
}

} // namespace partita::core
