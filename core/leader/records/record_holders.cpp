// SPDX-License-Identifier: Apache-2.0
#include "partita/core/leader/records/record_holders.hpp"

#include <algorithm>
#include <utility>

namespace partita::core {

std::vector<partition_number>
record_holders::hold(const worker_id& who, const std::vector<partition_number>& held) {
  auto& [id, known] = *by_worker_.try_emplace(who).first;
  if (known == held)
    return {};
  auto before = std::exchange(known, {});
  held_.clear();
  for (auto x : held) {
    if (held_.contains(x))
      continue;
    held_.set(x, 1);
    known.push_back(x);
    if (x >= by_number_.size())
      by_number_.resize(x + 1);
    auto& holders = by_number_[x];
    if (std::find(holders.begin(), holders.end(), &id) == holders.end())
      holders.push_back(&id);
  }
  std::vector<partition_number> freed;
  for (auto x : before) {
    if (held_.contains(x))
      continue;
    std::erase(by_number_[x], &id);
    if (by_number_[x].empty())
      freed.push_back(x);
  }
  return freed;
}

const record_holders::workers& record_holders::of(partition_number x) const {
  static const workers none;
  return x < by_number_.size() ? by_number_[x] : none;
}

} // namespace partita::core
