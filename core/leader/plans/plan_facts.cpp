// SPDX-License-Identifier: Apache-2.0
#include "partita/core/leader/plans/plan_facts.hpp"

#include <algorithm>
#include <optional>
#include <unordered_map>

namespace partita::core {

bool may_own(const worker_id& who, const record& found, const membership& members,
             ownership ours, time_point now) {
  const auto* pulse = members.living(who);
  const auto& stated = pulse ? pulse->terms.ownership : found.terms.ownership;
  return members.takes_part(who, now) && (!stated || *stated == ours);
}

namespace {

/// What a plan needs to know of one owner.
struct owner_facts {
  std::optional<std::size_t> place;
  std::string zone;
};

} // namespace

planning_input input_of(const std::set<worker_id, by_number>& workers,
                        const membership& members, const partition_list& partitions,
                        const partition_owners& owners) {
  planning_input result;
  std::unordered_map<std::string, std::size_t> places;
  // A worker whose heartbeat was not seen yet has stated nothing about itself.
  const beat nothing;
  for (const auto& who : workers) {
    const auto* x = members.find(who);
    const auto& said = x ? x->value : nothing;
    places.emplace(who.value, result.workers.size());
    result.workers.push_back({who, said.capacity, said.zone});
  }
  result.partitions = partitions.partitions;
  if (std::all_of(owners.begin(), owners.end(), [](const auto* x) { return !x; }))
    return result;
  result.previous.resize(result.partitions.size());
  std::unordered_map<const worker_id*, owner_facts> known;
  for (std::size_t i = 0; i < result.partitions.size(); ++i) {
    const auto* owner = owner_in(owners, partitions.numbers[i]);
    if (!owner)
      continue;
    auto [fact, is_new] = known.try_emplace(owner);
    if (is_new) {
      if (auto w = places.find(owner->value); w != places.end())
        fact->second = {w->second, result.workers[w->second].zone};
      else if (const auto* x = members.find(*owner))
        fact->second.zone = x->value.zone;
    }
    result.previous[i] = fact->second.place;
    if (fact->second.zone.empty())
      continue;
    result.zones.resize(result.partitions.size());
    result.zones[i] = fact->second.zone;
  }
  return result;
}

namespace {

/// Gives each partition to the share at its place, if there is one: each share is in the order
/// of the source.
void share_out(const partition_list& partitions,
               const std::vector<partition_list*>& shares) {
  for (std::size_t i = 0; i < partitions.size(); ++i)
    if (shares[i]) {
      shares[i]->partitions.push_back(partitions.partitions[i]);
      shares[i]->numbers.push_back(partitions.numbers[i]);
    }
}

} // namespace

reconciler::target target_of(const planning_input& in, const plan& shares,
                             const partition_list& partitions) {
  reconciler::target result;
  std::vector<partition_list*> places(partitions.size());
  for (std::size_t w = 0; w < in.workers.size(); ++w) {
    const auto& indices = shares.shares.at(w);
    // They come in the order of the map.
    auto& share = result.try_emplace(result.end(), in.workers[w].id)->second;
    share.partitions.reserve(indices.size());
    share.numbers.reserve(indices.size());
    for (auto i : indices)
      places[i] = &share;
  }
  share_out(partitions, places);
  return result;
}

reconciler::target target_as_owned(const partition_list& partitions,
                                   const partition_owners& owners) {
  reconciler::target result;
  std::unordered_map<const worker_id*, partition_list*> known;
  std::vector<partition_list*> places(partitions.size());
  for (std::size_t i = 0; i < partitions.size(); ++i)
    if (const auto* owner = owner_in(owners, partitions.numbers[i])) {
      auto& share = known[owner];
      places[i] = share = share ? share : &result[*owner];
    }
  share_out(partitions, places);
  return result;
}

history_entry changes_of(const planning_input& in, const plan& next) {
  history_entry result;
  result.workers = in.workers.size();
  result.partitions = in.partitions.size();
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
