// SPDX-License-Identifier: Apache-2.0
#include "partita/core/sidecar/work_ledger.hpp"

#include <algorithm>

namespace partita::core {

// More than an application can have under way that hands over one by one.
constexpr std::size_t most_released = 1024;

void work_ledger::assigned(const std::vector<grant>& what) {
  for (const auto& x : what)
    owned_.insert_or_assign(name_of(x.partition), x);
  if (!what.empty())
    touch();
}

work_ledger::orders work_ledger::take_back(order_id order, const std::vector<grant>& what,
                                           bool lost, time_point until) {
  auto waits_for = std::size_t{0};
  for (const auto& x : what) {
    auto name = name_of(x.partition);
    owned_.erase(name);
    if (!confirm_)
      continue;
    auto& entry = endings_[name];
    entry.what = x;
    entry.lost = entry.lost || lost;
    entry.until = until;
    if (entry.waiting.insert(order).second)
      ++waits_for;
  }
  if (!what.empty())
    touch();
  if (waits_for == 0)
    return {order};
  open_[order] = waits_for;
  return {};
}

work_ledger::release_answer work_ledger::release(std::string_view name,
                                                 partita::version token) {
  if (auto i = endings_.find(name); i != endings_.end()) {
    if (i->second.what.token != token)
      return {release_result::wrong_token, i->second.what.token, {}};
    released_.emplace_back(name, token);
    if (released_.size() > most_released)
      released_.pop_front();
    auto done = end(i);
    touch();
    return {release_result::released, token, std::move(done)};
  }
  if (std::find(released_.begin(), released_.end(), std::pair{std::string{name}, token})
      != released_.end())
    return {release_result::already, token, {}};
  auto i = owned_.find(name);
  if (i == owned_.end())
    return {};
  if (i->second.token != token)
    return {release_result::wrong_token, i->second.token, {}};
  return {release_result::still_owned, token, {}};
}

work_ledger::orders work_ledger::application_gone() {
  orders done;
  if (!endings_.empty())
    touch();
  while (!endings_.empty()) {
    auto more = end(endings_.begin());
    done.insert(done.end(), more.begin(), more.end());
  }
  return done;
}

void work_ledger::worker_gone() {
  // The worker that waited for the endings is gone; what was owned was taken back before,
  // unless the worker died.
  if (!owned_.empty() || !endings_.empty())
    touch();
  owned_.clear();
  endings_.clear();
  open_.clear();
}

work_ledger::orders
work_ledger::end(std::map<std::string, ending, std::less<>>::iterator which) {
  orders done;
  for (auto order : which->second.waiting) {
    auto i = open_.find(order);
    if (--i->second != 0)
      continue;
    open_.erase(i);
    done.push_back(order);
  }
  endings_.erase(which);
  return done;
}

} // namespace partita::core
