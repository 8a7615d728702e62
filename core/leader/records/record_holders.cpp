// SPDX-License-Identifier: Apache-2.0
#include "partita/core/leader/records/record_holders.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace partita::core {

std::vector<partition_number> record_holders::hold(const worker_id& who,
                                                   std::vector<partition_number> held) {
  auto& [id, before] = *by_worker_.try_emplace(who).first;
  std::vector<partition_number> changed;
  std::set_difference(held.begin(), held.end(), before.begin(), before.end(),
                      std::back_inserter(changed));
  if (!held.empty() && held.back() >= by_number_.size())
    by_number_.resize(held.back() + 1);
  for (auto x : changed)
    by_number_[x].push_back(&id);
  changed.clear();
  std::set_difference(before.begin(), before.end(), held.begin(), held.end(),
                      std::back_inserter(changed));
  for (auto x : changed)
    std::erase(by_number_[x], &id);
  std::erase_if(changed, [&](auto x) { return !by_number_[x].empty(); });
  before = std::move(held);
  return changed;
}

const record_holders::workers& record_holders::of(partition_number x) const {
  static const workers none;
  return x < by_number_.size() ? by_number_[x] : none;
}

} // namespace partita::core
