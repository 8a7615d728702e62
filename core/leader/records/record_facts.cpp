// SPDX-License-Identifier: Apache-2.0
#include "partita/core/leader/records/record_facts.hpp"

#include <algorithm>
#include <utility>

namespace partita::core {

grant_index index_of(const record& x) {
  grant_index result;
  for (const auto& y : x.partitions)
    result.emplace(name_of(y.partition), &y);
  return result;
}

std::set<std::string> names_of(const std::vector<partition>& xs) {
  std::set<std::string> result;
  for (const auto& x : xs)
    result.insert(name_of(x));
  return result;
}

std::set<std::string> names_of(const std::vector<revocation>& xs) {
  std::set<std::string> result;
  for (const auto& x : xs)
    result.insert(name_of(x.partition));
  return result;
}

void add_names(std::set<std::string>& to, const record& x) {
  for (const auto& y : x.partitions)
    to.insert(name_of(y.partition));
  for (const auto& y : x.revoking)
    to.insert(name_of(y.partition));
}

bool holds_any(const record& x) {
  return !x.partitions.empty() || !x.revoking.empty();
}

std::map<std::string, worker_id> owners_in(const records_by_worker& all) {
  std::map<std::string, worker_id> result;
  for (const auto& [who, x] : all)
    for (const auto& y : x->partitions) {
      auto [i, is_new] = result.try_emplace(name_of(y.partition), who);
      if (!is_new && stamp_of(*all.at(i->second)) < stamp_of(*x))
        i->second = who;
    }
  return result;
}

std::vector<partition> named_in(const records_by_worker& all) {
  std::map<std::string, std::pair<stamp, partition>> newest;
  auto note = [&](const partition& x, const stamp& at) {
    auto [i, is_new] = newest.try_emplace(name_of(x), at, x);
    if (!is_new && i->second.first < at)
      i->second = {at, x};
  };
  for (const auto& [who, x] : all) {
    for (const auto& y : x->partitions)
      note(y.partition, stamp_of(*x));
    for (const auto& y : x->revoking)
      note(y.partition, stamp_of(*x));
  }
  std::vector<partition> result;
  for (auto& [name, x] : newest)
    result.push_back(std::move(x.second));
  return result;
}

bool says_the_same(const record& old, const record& next) {
  if (old.worker_nonce != next.worker_nonce || old.standby != next.standby
      || old.partitions.size() != next.partitions.size()
      || names_of(old.revoking) != names_of(next.revoking))
    return false;
  auto before = index_of(old);
  return std::all_of(next.partitions.begin(), next.partitions.end(), [&](const auto& x) {
    auto i = before.find(name_of(x.partition));
    return i != before.end() && *i->second == x;
  });
}

void bound_reasons(record& x) {
  std::set<std::string> kept;
  std::size_t size = 0;
  auto keep = [&](std::string& reason) {
    if (reason.empty() || kept.contains(reason))
      return;
    if (size + reason.size() > most_of_reasons) {
      reason.clear();
      return;
    }
    size += reason.size();
    kept.insert(reason);
  };
  for (auto& y : x.revoking)
    keep(y.reason);
  std::vector<grant*> newest_first;
  for (auto& y : x.partitions)
    if (!y.reason.empty())
      newest_first.push_back(&y);
  std::stable_sort(newest_first.begin(), newest_first.end(),
                   [](const grant* a, const grant* b) { return a->token > b->token; });
  for (auto* y : newest_first)
    keep(y->reason);
}

} // namespace partita::core
