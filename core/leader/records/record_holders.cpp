// SPDX-License-Identifier: Apache-2.0
#include "partita/core/leader/records/record_holders.hpp"

#include <utility>

namespace partita::core {

std::vector<std::string> record_holders::hold(const worker_id& who,
                                              std::set<std::string> names) {
  std::vector<std::string> freed;
  auto& held = by_worker_[who];
  for (const auto& name : held) {
    if (names.contains(name))
      continue;
    auto i = by_name_.find(name);
    i->second.erase(who);
    if (!i->second.empty())
      continue;
    by_name_.erase(i);
    freed.push_back(name);
  }
  for (const auto& name : names)
    by_name_[name].insert(who);
  held = std::move(names);
  return freed;
}

const record_holders::workers& record_holders::of(const std::string& name) const {
  static const workers none;
  auto i = by_name_.find(name);
  return i == by_name_.end() ? none : i->second;
}

} // namespace partita::core
