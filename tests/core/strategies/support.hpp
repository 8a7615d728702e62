// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/core/strategies/strategies.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <numeric>
#include <optional>
#include <random>
#include <string>
#include <vector>

/// What the tests of strategies share: inputs and the questions asked about plans.
namespace planning_test {

using namespace partita;
using core::plan;
using core::planning_input;

/// A partition by its name -> the id of its owner.
using owner_map = std::map<std::string, std::string>;

inline core::candidate worker(std::size_t number, std::int64_t capacity = 100) {
  return {{"worker-" + std::to_string(number)}, capacity, {}};
}

inline partition part(std::size_t number, std::int64_t weight = 100) {
  return {{"part", std::to_string(number)}, weight};
}

inline planning_input group(std::size_t workers, std::size_t partitions) {
  planning_input result;
  for (std::size_t i = 0; i < workers; ++i)
    result.workers.push_back(worker(i));
  for (std::size_t i = 0; i < partitions; ++i)
    result.partitions.push_back(part(i));
  return result;
}

inline core::strategy make(std::string name) {
  return core::make_strategy({.name = std::move(name)});
}

/// By partition: the position of its owner; as planning_input::previous.
inline std::vector<std::optional<std::size_t>> owners_in(const planning_input& in,
                                                         const plan& x) {
  std::vector<std::optional<std::size_t>> result(in.partitions.size());
  for (std::size_t i = 0; i < x.shares.size(); ++i)
    for (auto p : x.shares[i])
      result[p] = i;
  return result;
}

inline owner_map named(const planning_input& in, const plan& x) {
  owner_map result;
  for (std::size_t i = 0; i < x.shares.size(); ++i)
    for (auto p : x.shares[i])
      result[name_of(in.partitions[p])] = in.workers[i].id.value;
  return result;
}

/// Every share is there, and every partition stands in exactly one.
inline bool places_all_once(const planning_input& in, const plan& x) {
  std::vector<std::size_t> seen(in.partitions.size());
  for (const auto& share : x.shares)
    for (auto p : share)
      if (p >= seen.size() || seen[p]++ > 0)
        return false;
  auto placed = std::accumulate(seen.begin(), seen.end(), std::size_t{0});
  return x.shares.size() == in.workers.size()
         && placed == (in.workers.empty() ? 0 : in.partitions.size());
}

/// The same question in another order of workers and partitions.
template <class Random>
planning_input shuffled(const planning_input& in, Random& random) {
  auto order_of = [&random](std::size_t n) {
    std::vector<std::size_t> result(n);
    std::iota(result.begin(), result.end(), std::size_t{0});
    std::shuffle(result.begin(), result.end(), random);
    return result;
  };
  auto workers = order_of(in.workers.size());
  std::vector<std::size_t> rank(workers.size());
  planning_input result;
  for (std::size_t i = 0; i < workers.size(); ++i) {
    rank[workers[i]] = i;
    result.workers.push_back(in.workers[workers[i]]);
  }
  for (auto p : order_of(in.partitions.size())) {
    result.partitions.push_back(in.partitions[p]);
    if (!in.previous.empty())
      result.previous.push_back(in.previous[p] ? std::optional{rank[*in.previous[p]]}
                                               : std::nullopt);
    if (!in.zones.empty())
      result.zones.push_back(in.zones[p]);
  }
  return result;
}

/// The same group without the worker at `pos`; what it had has no owner.
inline planning_input without(const planning_input& in, std::size_t pos) {
  auto result = in;
  result.workers.erase(result.workers.begin() + static_cast<std::ptrdiff_t>(pos));
  for (auto& owner : result.previous)
    if (owner && *owner >= pos)
      owner = *owner == pos ? std::nullopt : std::optional{*owner - 1};
  return result;
}

inline std::int64_t effective(std::int64_t weight) {
  return weight > 0 ? weight : 100;
}

/// The weight that leaves workers which are still there.
inline std::int64_t weight_moved(const planning_input& in, const plan& x) {
  auto owners = owners_in(in, x);
  std::int64_t result = 0;
  for (std::size_t p = 0; p < in.previous.size(); ++p)
    if (in.previous[p] && in.previous[p] != owners[p])
      result += effective(in.partitions[p].weight);
  return result;
}

inline std::size_t moves(const planning_input& in, const plan& x) {
  auto owners = owners_in(in, x);
  std::size_t result = 0;
  for (std::size_t p = 0; p < in.previous.size(); ++p)
    if (in.previous[p] && in.previous[p] != owners[p])
      ++result;
  return result;
}

} // namespace planning_test
