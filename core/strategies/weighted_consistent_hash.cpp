// SPDX-License-Identifier: Apache-2.0
#include "partita/core/strategies/hash_ring.hpp"
#include "partita/core/strategies/registry.hpp"
#include "partita/core/strategies/weights.hpp"

#include <algorithm>
#include <functional>
#include <queue>
#include <utility>

namespace partita::core {

namespace {

/// Loads that only grow, and the worker with the least.
class load_table {
public:
  explicit load_table(std::size_t workers) : loads_(workers) {
    for (std::size_t i = 0; i < workers; ++i)
      queue_.emplace(0.0, i);
  }

  double of(std::size_t worker) const { return loads_[worker]; }

  void add(std::size_t worker, double weight) {
    loads_[worker] += weight;
    queue_.emplace(loads_[worker], worker);
  }

  /// The lowest index of those with the least load.
  std::size_t lightest() {
    // An entry is stale once its worker has got more.
    while (queue_.top().first != loads_[queue_.top().second])
      queue_.pop();
    return queue_.top().second;
  }

private:
  using entry = std::pair<double, std::size_t>;
  std::vector<double> loads_;
  std::priority_queue<entry, std::vector<entry>, std::greater<>> queue_;
};

struct deal {
  const planning_input& in;
  const strategy_options& options;
  std::vector<std::size_t> order; // of the workers, by id
  std::vector<std::int64_t> weights;
  load_table loads;
  plan result;

  void give(std::size_t partition, std::size_t worker) {
    loads.add(worker, static_cast<double>(weights[partition]));
    result.shares[order[worker]].push_back(partition);
  }

  double total() const {
    double sum = 0;
    for (auto x : weights)
      sum += static_cast<double>(x);
    return sum;
  }

  /// Assigns what is heavier than `limit` and returns which partitions those were.
  std::vector<bool> extremes(double limit) {
    std::vector<bool> dealt(weights.size());
    std::vector<std::size_t> heavy;
    for (std::size_t i = 0; i < weights.size(); ++i)
      if (static_cast<double>(weights[i]) > limit) {
        heavy.push_back(i);
        dealt[i] = true;
      }
    std::stable_sort(heavy.begin(), heavy.end(), [this](std::size_t x, std::size_t y) {
      return weights[x] != weights[y] ? weights[x] > weights[y]
                                      : in.partitions[x].keys < in.partitions[y].keys;
    });
    for (std::size_t i = 0; i < heavy.size(); ++i)
      give(heavy[i], i % order.size());
    return dealt;
  }

  void others(const std::vector<bool>& dealt, double limit) {
    hash_ring ring{ids_of(in.workers, order), options.virtual_nodes, options.seed};
    for (std::size_t i = 0; i < weights.size(); ++i) {
      if (dealt[i])
        continue;
      auto owner = ring.owner_of(hash_of(in.partitions[i], options.seed));
      if (loads.of(owner) + static_cast<double>(weights[i]) > limit)
        owner = loads.lightest();
      give(i, owner);
    }
  }
};

} // namespace

/// The hash ring, with a limit for the weight of one worker.
///
/// Where all effective weights are equal this is plan_consistent_hash. Otherwise
/// partitions of extreme weight are assigned first, heaviest first (then by keys), to the
/// workers in the order of their ids. The others follow in the order of the input: each
/// to its owner on the ring unless that would lift the owner above overload_threshold
/// times the average worker, and then to the worker with the least weight.
///
/// Promises: independent of the order of the workers, not of that of the partitions. No
/// bound on movement: one new weight may move many. Uses neither capacities nor the
/// previous plan. A share begins with its extreme partitions.
plan plan_weighted_consistent_hash(const planning_input& in,
                                   const strategy_options& options) {
  auto weights = effective_weights(in.partitions, options.default_weight);
  if (in.workers.empty() || all_equal(weights))
    return plan_consistent_hash(in, options);
  deal state{in, options, by_id(in.workers), weights, load_table{in.workers.size()}, {}};
  state.result.shares.resize(in.workers.size());
  auto total = state.total();
  auto average_partition = total / static_cast<double>(weights.size());
  auto average_worker = total / static_cast<double>(in.workers.size());
  auto dealt = state.extremes(average_partition * options.extreme_threshold);
  state.others(dealt, average_worker * options.overload_threshold);
  return std::move(state.result);
}

} // namespace partita::core
