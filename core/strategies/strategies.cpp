// SPDX-License-Identifier: Apache-2.0
#include "partita/core/strategies/strategies.hpp"

#include "partita/core/strategies/hash_ring.hpp"
#include "partita/core/strategies/shares.hpp"
#include "partita/core/strategies/sticky_problem.hpp"

#include <algorithm>
#include <numeric>
#include <stdexcept>
#include <utility>

// The table of the strategies, and all but sticky. A new one is a function with its
// contract, and its line in the table: all words for users come from there.
namespace partita::core {

namespace {

/// Partition i to worker i mod n, both in the order of the input; so it depends on both
/// orders, and one worker more or less moves nearly everything. Uses neither weights nor
/// capacities nor the previous plan.
plan plan_round_robin(const planning_input& in, const strategy_options&) {
  plan result;
  result.shares.resize(in.workers.size());
  if (in.workers.empty())
    return result;
  for (std::size_t i = 0; i < in.partitions.size(); ++i)
    result.shares[i % in.workers.size()].push_back(i);
  return result;
}

/// Every partition to its owner on the hash ring.
///
/// Promises: who owns a partition depends on its keys and on the ids of the workers
/// alone, not on the order of the input nor on other partitions; a worker that leaves
/// moves only its own partitions, a worker that joins moves partitions only to itself. No
/// balance beyond that of the ring. A share is in the order of the input.
plan plan_consistent_hash(const planning_input& in, const strategy_options& options) {
  plan result;
  result.shares.resize(in.workers.size());
  if (in.workers.empty() || in.partitions.empty())
    return result;
  auto order = by_id(in.workers);
  hash_ring ring{ids_of(in.workers, order), options.virtual_nodes, options.seed};
  // Two loops: the processor overlaps hashes with each other, but not with look-ups.
  std::vector<std::uint64_t> places;
  places.reserve(in.partitions.size());
  for (const auto& x : in.partitions)
    places.push_back(hash_of(x, options.seed));
  std::vector<std::size_t> owners;
  owners.reserve(places.size());
  for (auto place : places)
    owners.push_back(order[ring.owner_of(place)]);
  return plan_of(owners, in.workers.size());
}

struct deal {
  const planning_input& in;
  const strategy_options& options;
  std::vector<std::size_t> order; // of the workers, by id
  std::vector<std::int64_t> weights;
  std::vector<double> loads; // of the workers in that order
  plan result;

  void give(std::size_t partition, std::size_t worker) {
    loads[worker] += static_cast<double>(weights[partition]);
    result.shares[order[worker]].push_back(partition);
  }

  /// Assigns what is heavier than `limit` and returns which partitions those were.
  std::vector<bool> extremes(double limit) {
    std::vector<bool> assigned(weights.size());
    std::vector<std::size_t> heavy;
    for (std::size_t i = 0; i < weights.size(); ++i)
      if (static_cast<double>(weights[i]) > limit) {
        heavy.push_back(i);
        assigned[i] = true;
      }
    std::stable_sort(heavy.begin(), heavy.end(), [this](std::size_t x, std::size_t y) {
      return weights[x] != weights[y] ? weights[x] > weights[y]
                                      : in.partitions[x].keys < in.partitions[y].keys;
    });
    for (std::size_t i = 0; i < heavy.size(); ++i)
      give(heavy[i], i % order.size());
    return assigned;
  }

  void others(const std::vector<bool>& assigned, double limit) {
    hash_ring ring{ids_of(in.workers, order), options.virtual_nodes, options.seed};
    for (std::size_t i = 0; i < weights.size(); ++i) {
      if (assigned[i])
        continue;
      auto owner = ring.owner_of(hash_of(in.partitions[i], options.seed));
      if (loads[owner] + static_cast<double>(weights[i]) > limit)
        owner = static_cast<std::size_t>(std::min_element(loads.begin(), loads.end())
                                         - loads.begin());
      give(i, owner);
    }
  }
};

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
  deal state{
      in, options, by_id(in.workers), weights, std::vector<double>(in.workers.size()),
      {}};
  state.result.shares.resize(in.workers.size());
  auto total = std::accumulate(weights.begin(), weights.end(), 0.0);
  auto average_partition = total / static_cast<double>(weights.size());
  auto average_worker = total / static_cast<double>(in.workers.size());
  auto assigned = state.extremes(average_partition * options.extreme_threshold);
  state.others(assigned, average_worker * options.overload_threshold);
  return std::move(state.result);
}

struct entry {
  /// The word for the configuration and for people.
  std::string_view name;
  /// Accepted as well; empty: none.
  std::string_view synonym;
  plan (*run)(const planning_input&, const strategy_options&);
  /// What it does; stands behind "<name>: ".
  std::string_view help;
};

constexpr entry table[] = {
    {"sticky", "", plan_sticky, "moves the fewest partitions that balance allows"},
    {"consistent_hash", "consistent", plan_consistent_hash,
     "each partition goes to its owner on a hash ring"},
    {"weighted_consistent_hash", "weighted", plan_weighted_consistent_hash,
     "the ring, with a limit for the weight of each worker"},
    {"round_robin", "roundrobin", plan_round_robin, "partition i goes to worker i mod n"},
};

const entry* find(std::string_view text) {
  for (const auto& x : table)
    if (!text.empty() && (text == x.name || text == x.synonym))
      return &x;
  return nullptr;
}

// Not a number is below everything, too.
double at_least(double least, double x) {
  return x >= least ? x : least;
}

} // namespace

std::vector<std::string> strategy_names() {
  std::vector<std::string> result;
  for (const auto& x : table)
    result.emplace_back(x.name);
  return result;
}

std::vector<std::string> strategy_help() {
  std::vector<std::string> result;
  for (const auto& x : table) {
    auto& line = result.emplace_back(x.name);
    if (!x.synonym.empty())
      line.append(" or ").append(x.synonym);
    line.append(": ").append(x.help);
  }
  return result;
}

std::optional<std::string> strategy_name_from(std::string_view text) {
  const auto* found = find(text);
  return found ? std::optional<std::string>{found->name} : std::nullopt;
}

strategy_options clamped(strategy_options options) {
  options.virtual_nodes = std::max<std::size_t>(options.virtual_nodes, 1);
  options.overload_threshold =
      at_least(min_overload_threshold, options.overload_threshold);
  options.extreme_threshold = at_least(min_extreme_threshold, options.extreme_threshold);
  options.default_weight = std::max<std::int64_t>(options.default_weight, 1);
  return options;
}

strategy make_strategy(const strategy_options& options) {
  const auto* found = find(options.name);
  if (!found)
    throw std::invalid_argument{"no strategy is called '" + options.name + '\''};
  return [valid = clamped(options), run = found->run](const planning_input& in) {
    return run(in, valid);
  };
}

} // namespace partita::core
