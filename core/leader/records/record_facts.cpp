// SPDX-License-Identifier: Apache-2.0
#include "partita/core/leader/records/record_facts.hpp"

#include <algorithm>
#include <map>
#include <numeric>
#include <set>
#include <tuple>
#include <utility>

namespace partita::core {

namespace {

/// At most that: those that follow each other count once, others each time.
std::size_t size_of_reasons(const record& x) {
  std::size_t result = 0;
  const std::string* last = nullptr;
  auto add = [&](const std::string& reason) {
    if (!last || *last != reason)
      result += reason.size();
    last = &reason;
  };
  for (const auto& y : x.revoking)
    add(y.reason);
  for (const auto& y : x.partitions)
    add(y.reason);
  return result;
}

} // namespace

bool holds_any(const record& x) {
  return !x.partitions.empty() || !x.revoking.empty();
}

partition_owners owners_in(const known_records& all) {
  partition_owners result;
  for (const auto& [who, x] : all) {
    auto worker = result.add(*who);
    for (auto number : x->owned) {
      auto other = result.at(number);
      if (other == partition_owners::none || stamp_of(*all[other].second) < stamp_of(*x))
        result.set(number, worker);
    }
  }
  return result;
}

std::vector<partition> named_in(const known_records& all) {
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

/// What stays has the same order.
bool says_the_same(const numbered_record& old, const numbered_record& next) {
  return old.worker_nonce == next.worker_nonce && old.standby == next.standby
         && old.owned == next.owned && old.given_up == next.given_up
         && old.partitions == next.partitions;
}

void group_grants(numbered_record& x) {
  auto group = [](auto& what, auto& numbers, auto key_of) {
    auto before = [&](const auto& y, const auto& z) { return key_of(y) < key_of(z); };
    if (std::is_sorted(what.begin(), what.end(), before))
      return;
    std::vector<std::size_t> order(what.size());
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(),
                     [&](auto i, auto j) { return before(what[i], what[j]); });
    auto from = std::exchange(what, {});
    auto numbers_from = std::exchange(numbers, {});
    for (auto i : order) {
      what.push_back(std::move(from[i]));
      numbers.push_back(numbers_from[i]);
    }
  };
  group(x.partitions, x.owned,
        [](const grant& y) { return std::tie(y.token, y.reason); });
  group(x.revoking, x.given_up, [](const revocation& y) { return std::tie(y.reason); });
}

void bound_reasons(record& x) {
  if (size_of_reasons(x) <= most_of_reasons)
    return;
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
