// SPDX-License-Identifier: Apache-2.0
#include "partita/core/leader/records/record_holders.hpp"

#include <utility>

namespace partita::core {

std::vector<partition_number>
record_holders::hold(const worker_id& who, const std::vector<partition_number>& held) {
  auto& [id, known] = *by_worker_.try_emplace(who).first;
  if (known == held)
    return {};
  constexpr std::uint32_t earlier = 0;
  constexpr std::uint32_t still = 1;
  auto before = std::exchange(known, {});
  held_.clear();
  for (auto x : before)
    held_.set(x, earlier);
  for (auto x : held) {
    auto was = held_.at(x);
    if (was == still)
      continue;
    held_.set(x, still);
    known.push_back(x);
    if (was == earlier)
      continue;
    if (x >= by_number_.size())
      by_number_.resize(x + 1);
    by_number_[x].push_back(&id);
  }
  std::vector<partition_number> freed;
  for (auto x : before) {
    if (held_.at(x) == still)
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
