// SPDX-License-Identifier: Apache-2.0
#include "partita/core/leader/plans/plan_facts.hpp"

#include <algorithm>
#include <unordered_map>

namespace partita::core {

bool may_own(const worker_id& who, const record& found, const membership& members,
             ownership ours, time_point now) {
  const auto* pulse = members.living(who);
  const auto& stated = pulse ? pulse->terms.ownership : found.terms.ownership;
  return members.takes_part(who, now) && (!stated || *stated == ours);
}

planning_input input_of(const std::set<worker_id, by_number>& workers,
                        const membership& members,
                        const std::vector<partition>& partitions,
                        const owners_by_name& owners) {
  planning_input result;
  std::unordered_map<std::string, std::size_t> index;
  // A worker whose heartbeat was not seen yet has stated nothing about itself.
  const beat nothing;
  for (const auto& who : workers) {
    const auto* x = members.find(who);
    const auto& said = x ? x->value : nothing;
    index.emplace(who.value, result.workers.size());
    result.workers.push_back({who, said.capacity, said.zone});
  }
  result.partitions = partitions;
  if (owners.empty())
    return result;
  result.previous.resize(result.partitions.size());
  result.zones.resize(result.partitions.size());
  for (std::size_t i = 0; i < result.partitions.size(); ++i) {
    auto owner = owners.find(name_of(result.partitions[i]));
    if (owner == owners.end())
      continue;
    if (const auto* x = members.find(owner->second))
      result.zones[i] = x->value.zone;
    auto w = index.find(owner->second.value);
    if (w != index.end())
      result.previous[i] = w->second;
  }
  return result;
}

plan plan_as_is(const planning_input& in) {
  plan result;
  result.shares.resize(in.workers.size());
  for (std::size_t i = 0; i < in.previous.size(); ++i)
    if (in.previous[i])
      result.shares[*in.previous[i]].push_back(i);
  return result;
}

reconciler::target target_of(const planning_input& in, const plan& shares) {
  reconciler::target result;
  for (std::size_t w = 0; w < in.workers.size(); ++w) {
    auto& share = result[in.workers[w].id];
    auto indices = shares.shares.at(w);
    std::sort(indices.begin(), indices.end());
    for (auto i : indices)
      share.push_back(in.partitions[i]);
  }
  return result;
}

reconciler::target target_as_owned(const std::vector<partition>& partitions,
                                   const owners_by_name& owners) {
  reconciler::target result;
  for (const auto& x : partitions)
    if (auto i = owners.find(name_of(x)); i != owners.end())
      result[i->second].push_back(x);
  return result;
}

plan_changes changes_of(const planning_input& in, const plan& next) {
  plan_changes result;
  for (std::size_t w = 0; w < next.shares.size(); ++w)
    for (auto i : next.shares[w]) {
      auto before = in.previous.empty() ? std::nullopt : in.previous[i];
      if (before == w)
        continue;
      ++result.moves;
      ++result.gains[in.workers[w].id];
      if (before)
        ++result.losses[in.workers[*before].id];
    }
  return result;
}

} // namespace partita::core
