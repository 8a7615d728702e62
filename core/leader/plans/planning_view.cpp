// SPDX-License-Identifier: Apache-2.0
#include "partita/core/leader/plans/planning_view.hpp"

namespace partita::core {

planning_view::planning_view(const rules& by,
                             const std::map<worker_id, traces, by_number>& all)
    : members_{{by.ttl, {}, by.restart_hold, {}}} {
  constexpr time_point now{};
  for (const auto& [who, x] : all) {
    if (x.pulse)
      members_.beat_shown(who, {1}, *x.pulse, now - x.age, now);
    else if (x.unreadable)
      members_.key_unreadable(who, {1}, now - x.age, now);
    if (!x.found)
      continue;
    const auto& [id, kept] = *records_.emplace(who, index_.numbered(*x.found)).first;
    known_.emplace_back(&id, kept.get());
    members_.named(who, x.found->worker_nonce, x.found->terms, holds_any(*x.found), now);
  }
  owners_ = owners_in(known_);
  members_.replayed(now, now);
  for (const auto& [who, found] : records_)
    if (may_own(who, *found, members_, by.ownership, now))
      workers_.insert(who);
  for (const auto& x : members_.tick(now).expels)
    workers_.erase(x.who);
}

const worker_id* planning_view::owner_of(const std::string& partition) const {
  auto number = index_.find(partition);
  return number ? owners_.of(*number) : nullptr;
}

} // namespace partita::core
