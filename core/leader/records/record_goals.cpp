// SPDX-License-Identifier: Apache-2.0
#include "partita/core/leader/records/record_goals.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace partita::core {

namespace {

const partition_list& share_of(const worker_id& who, const record_goals::target& in) {
  static const partition_list nothing;
  auto i = in.find(who);
  return i == in.end() ? nothing : i->second;
}

} // namespace

std::vector<worker_id> record_goals::want(target next, partita::lifecycle why,
                                          const reasons& because) {
  auto before = std::exchange(target_, std::move(next)).value_or(target{});
  auto owned_before = std::exchange(owners_, {});
  lifecycle_ = why;
  std::vector<worker_id> changed;
  // All are in the order of ids: a thousand workers are not looked up one by one.
  auto old = before.begin();
  auto place = workers_.begin();
  auto pass_gone = [&](auto goes_on) {
    for (; old != before.end() && goes_on(old->first); ++old)
      if (old->second.size() > 0)
        changed.push_back(old->first);
  };
  for (const auto& [who, goal] : *target_) {
    pass_gone([&](const auto& x) { return by_number{}(x, who); });
    auto had = old != before.end() && old->first == who;
    if (had ? goal != old->second : goal.size() > 0)
      changed.push_back(who);
    old = had ? std::next(old) : old;
    place = workers_.insert(place, who);
    const auto& owner = *place++;
    for (auto x : goal.numbers) {
      if (x >= owners_.size())
        owners_.resize(x + 1);
      owners_[x] = &owner;
    }
  }
  pass_gone([](const auto&) { return true; });
  note_reasons(owned_before, because);
  return changed;
}

/// A change counts from the plan that made it, however much later it can be carried out.
void record_goals::note_reasons(const partition_owners& before, const reasons& because) {
  auto all = std::make_shared<const std::string>(because.all);
  auto size = std::max(before.size(), owners_.size());
  reasons_.resize(std::max(reasons_.size(), size));
  for (std::size_t i = 0; i < size; ++i) {
    const auto* old = i < before.size() ? before[i] : nullptr;
    if (old == owner_of(static_cast<partition_number>(i)))
      continue;
    auto special = because.of.find(static_cast<partition_number>(i));
    reasons_[i] = special == because.of.end()
                      ? all
                      : std::make_shared<const std::string>(special->second);
  }
}

const partition_list& record_goals::of(const worker_id& who) const {
  static const target nothing;
  return share_of(who, target_ ? *target_ : nothing);
}

const std::string& record_goals::reason_of(partition_number x) const {
  static const std::string unchanged;
  return x < reasons_.size() && reasons_[x] ? *reasons_[x] : unchanged;
}

std::uint32_t record_goals::standby_of(const worker_id& who) const {
  auto i = std::find(standbys_.begin(), standbys_.end(), who);
  return i == standbys_.end() ? 0 : static_cast<std::uint32_t>(i - standbys_.begin()) + 1;
}

} // namespace partita::core
