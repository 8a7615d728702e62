// SPDX-License-Identifier: Apache-2.0
#include "partita/core/leader/records/record_goals.hpp"

#include <algorithm>
#include <utility>

namespace partita::core {

void record_goals::want(target next, partita::lifecycle why, const reasons& because) {
  auto before = std::exchange(owners_, {});
  target_ = std::move(next);
  lifecycle_ = why;
  for (const auto& [who, goal] : *target_)
    for (const auto& x : goal)
      owners_.emplace(name_of(x), who);
  note_reasons(before, because);
}

/// A change counts from the plan that made it, however much later it can be carried out.
void record_goals::note_reasons(const std::unordered_map<std::string, worker_id>& before,
                                const reasons& because) {
  auto all = std::make_shared<const std::string>(because.all);
  for (const auto& [name, who] : owners_) {
    auto i = before.find(name);
    if (i != before.end() && i->second == who)
      continue;
    auto special = because.of.find(name);
    reasons_[name] = special == because.of.end()
                         ? all
                         : std::make_shared<const std::string>(special->second);
  }
  for (const auto& [name, who] : before)
    if (!owners_.contains(name))
      reasons_[name] = all;
}

const std::vector<partition>& record_goals::of(const worker_id& who) const {
  static const std::vector<partition> nothing;
  if (!target_)
    return nothing;
  auto i = target_->find(who);
  return i == target_->end() ? nothing : i->second;
}

const worker_id* record_goals::owner_of(const std::string& name) const {
  auto i = owners_.find(name);
  return i == owners_.end() ? nullptr : &i->second;
}

std::string record_goals::reason_of(const std::string& name) const {
  auto i = reasons_.find(name);
  return i == reasons_.end() ? std::string{} : *i->second;
}

std::uint32_t record_goals::standby_of(const worker_id& who) const {
  auto i = std::find(standbys_.begin(), standbys_.end(), who);
  return i == standbys_.end() ? 0 : static_cast<std::uint32_t>(i - standbys_.begin()) + 1;
}

std::map<std::string, worker_id> record_goals::owners() const {
  return {owners_.begin(), owners_.end()};
}

} // namespace partita::core
