// SPDX-License-Identifier: Apache-2.0
#include "partita/core/leader/plans/plan_facts.hpp"

#include <cstdint>
#include <optional>
#include <utility>

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

/// By owner's number.
std::vector<owner_facts> facts_of(const partition_owners& owners,
                                  const std::vector<candidate>& workers,
                                  const membership& members) {
  std::vector<owner_facts> result;
  std::size_t w = 0;
  for (const auto* who : owners.workers()) {
    auto& fact = result.emplace_back();
    while (w < workers.size() && by_number{}(workers[w].id, *who))
      ++w;
    if (w < workers.size() && workers[w].id == *who)
      fact = {w, workers[w].zone};
    else if (const auto* x = members.find(*who))
      fact.zone = x->value.zone;
  }
  return result;
}

} // namespace

planning_input input_of(const std::set<worker_id, by_number>& workers,
                        const membership& members, const partition_list& partitions,
                        const partition_owners& owners) {
  planning_input result;
  // A worker whose heartbeat was not seen yet has stated nothing about itself.
  const beat nothing;
  // All are in the order of ids: a thousand workers are not looked up one by one.
  auto x = members.members().begin();
  for (const auto& who : workers) {
    while (x != members.members().end() && by_number{}(x->first, who))
      ++x;
    auto known = x != members.members().end() && x->first == who;
    const auto& said = known ? x->second.value : nothing;
    result.workers.push_back({who, said.capacity, said.zone});
  }
  result.partitions = partitions.partitions;
  if (owners.size() == 0)
    return result;
  auto facts = facts_of(owners, result.workers, members);
  result.previous.resize(result.partitions.size());
  for (std::size_t i = 0; i < result.partitions.size(); ++i) {
    auto owner = owners.at(partitions.numbers[i]);
    if (owner == partition_owners::none)
      continue;
    result.previous[i] = facts[owner].place;
    if (facts[owner].zone.empty())
      continue;
    result.zones.resize(result.partitions.size());
    result.zones[i] = facts[owner].zone;
  }
  return result;
}

reconciler::target target_of(const planning_input& in, const plan& shares,
                             const partition_list_ptr& partitions) {
  reconciler::target result{partitions, {}};
  std::vector<partition_places*> places(partitions->size());
  for (std::size_t w = 0; w < in.workers.size(); ++w) {
    const auto& indices = shares.shares.at(w);
    // They come in the order of the map.
    auto& share =
        result.shares.try_emplace(result.shares.end(), in.workers[w].id)->second;
    share.reserve(indices.size());
    for (auto i : indices)
      places[i] = &share;
  }
  // Each share is in the order of the source.
  for (std::size_t i = 0; i < places.size(); ++i)
    if (places[i])
      places[i]->push_back(static_cast<std::uint32_t>(i));
  return result;
}

reconciler::target target_as_owned(const partition_list_ptr& partitions,
                                   const partition_owners& owners) {
  reconciler::target result{partitions, {}};
  std::vector<partition_places> shares(owners.workers().size());
  for (std::size_t i = 0; i < partitions->size(); ++i)
    if (auto owner = owners.at(partitions->numbers[i]); owner != partition_owners::none)
      shares[owner].push_back(static_cast<std::uint32_t>(i));
  for (std::size_t i = 0; i < shares.size(); ++i)
    if (!shares[i].empty())
      result.shares.emplace(*owners.workers()[i], std::move(shares[i]));
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
