// SPDX-License-Identifier: Apache-2.0
#include "checker.hpp"

#include <algorithm>

// Directives of operators. Judged in calm groups only: a leader that cannot see the directives
// plans without them, and rightly so.
namespace partita::simulation {

namespace {

bool may_take(const directed& x, const std::string& worker) {
  return !x.cordoned.contains(worker) && !x.drained.contains(worker);
}

} // namespace

/// The newest heartbeat of each process: one that lost its id may have left another.
std::map<std::string, process_id> checker::workers_here() const {
  constexpr std::string_view prefix = "heartbeat.";
  std::map<process_id, std::pair<core::time_point, std::string>> newest;
  for (const auto& [key, x] : beats_) {
    auto owner = incarnations_.find(x.beat.nonce.value);
    if (!is_living(x.beat.state) || owner == incarnations_.end()
        || !processes_[owner->second].alive || x.since + x.beat.terms.ttl < world_->now())
      continue;
    auto& known = newest[owner->second];
    known = std::max(known, std::pair{x.since, key.substr(prefix.size())});
  }
  std::map<std::string, process_id> result;
  for (const auto& [who, x] : newest)
    result.emplace(x.second, who);
  return result;
}

bool checker::nobody_may_take(const directed& directives) const {
  if (directives.cordoned.empty() && directives.drained.empty())
    return false;
  auto here = workers_here();
  return std::none_of(here.begin(), here.end(),
                      [&](const auto& x) { return may_take(directives, x.first); });
}

std::string checker::unheeded(const directed& directives) const {
  auto here = workers_here();
  for (const auto& [name, worker] : directives.pins) {
    auto who = here.find(worker);
    if (who == here.end() || !source_.contains(name)
        || directives.drained.contains(worker))
      continue;
    auto x = places_.find(name);
    if (x == places_.end() || x->second.holders.empty())
      return fmt::format("no worker works on {}, which is pinned to {}", name, worker);
    if (auto owner = x->second.holders.front().who; owner != who->second)
      return fmt::format("{} works on {}, which is pinned to {} ({})",
                         world_->name(owner), name, worker, world_->name(who->second));
  }
  if (nobody_may_take(directives))
    return {};
  for (const auto& worker : directives.drained) {
    auto who = here.find(worker);
    if (who == here.end())
      continue;
    if (auto has = held_by(who->second); !has.empty())
      return fmt::format("{} ({}) is drained and works on {}", worker,
                         world_->name(who->second), *has.begin());
  }
  return {};
}

std::set<std::string> checker::held_by(process_id who) const {
  std::set<std::string> result;
  for (const auto& [name, x] : places_)
    if (std::any_of(x.holders.begin(), x.holders.end(),
                    [&](const auto& h) { return h.who == who; }))
      result.insert(name);
  return result;
}

checker::holdings checker::held_under_cordon(const directed& directives) const {
  holdings result;
  for (const auto& [worker, who] : workers_here())
    if (directives.cordoned.contains(worker))
      result[worker] = {who, held_by(who)};
  return result;
}

std::string
checker::gained_since(const holdings& before, const directed& directives,
                      const std::set<std::pair<std::string, std::string>>& pinned) const {
  for (const auto& [worker, then] : before) {
    if (!directives.cordoned.contains(worker))
      continue;
    for (const auto& name : held_by(then.first))
      if (!then.second.contains(name) && !pinned.contains({name, worker}))
        return fmt::format("{} ({}) is cordoned and got {}", worker,
                           world_->name(then.first), name);
  }
  return {};
}

} // namespace partita::simulation
