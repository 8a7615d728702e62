// SPDX-License-Identifier: Apache-2.0
#include "partita/core/leader/records/record_goals.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace partita::core {

namespace {

bool equal_shares(const partition_list& xs, const partition_places& some,
                  const partition_list& ys, const partition_places& others) {
  auto same = [&](auto i, auto j) {
    return xs.numbers[i] == ys.numbers[j] && xs.partitions[i] == ys.partitions[j];
  };
  return &xs == &ys
             ? some == others
             : std::equal(some.begin(), some.end(), others.begin(), others.end(), same);
}

} // namespace

std::vector<worker_id> record_goals::want(target next, partita::lifecycle why,
                                          const reasons& because) {
  auto before = std::exchange(target_, std::move(next)).value_or(target{});
  auto owned_before = std::exchange(owners_, {});
  lifecycle_ = why;
  std::vector<worker_id> changed;
  // All are in the order of ids: a thousand workers are not looked up one by one.
  auto old = before.shares.begin();
  auto place = workers_.begin();
  auto pass_gone = [&](auto goes_on) {
    for (; old != before.shares.end() && goes_on(old->first); ++old)
      if (!old->second.empty())
        changed.push_back(old->first);
  };
  const auto& list = *target_->list;
  for (const auto& [who, goal] : target_->shares) {
    pass_gone([&](const auto& x) { return by_number{}(x, who); });
    auto had = old != before.shares.end() && old->first == who;
    if (had ? !equal_shares(list, goal, *before.list, old->second) : !goal.empty())
      changed.push_back(who);
    old = had ? std::next(old) : old;
    place = workers_.insert(place, who);
    auto owner = owners_.add(*place++);
    for (auto i : goal)
      owners_.set(list.numbers[i], owner);
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
    auto number = static_cast<partition_number>(i);
    if (before.of(number) == owners_.of(number))
      continue;
    auto special = because.of.find(number);
    reasons_[i] = special == because.of.end()
                      ? all
                      : std::make_shared<const std::string>(special->second);
  }
}

const partition_places& record_goals::of(const worker_id& who) const {
  static const partition_places nothing;
  if (!target_)
    return nothing;
  auto i = target_->shares.find(who);
  return i == target_->shares.end() ? nothing : i->second;
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
