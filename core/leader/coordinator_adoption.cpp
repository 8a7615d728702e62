// SPDX-License-Identifier: Apache-2.0
#include "partita/core/leader/coordinator.hpp"

#include "partita/core/leader/plans/plan_facts.hpp"
#include "partita/messages/failpoint.hpp"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

// How a new leader takes over what its predecessors left; what follows is in
// coordinator.cpp.
namespace partita::core {

namespace {

using change = rebalance_policy::change;

/// What happened without a leader: how many partitions have no owner, by cause.
std::map<change, std::size_t> orphans_of(const partition_list& partitions,
                                         const partition_owners& owners,
                                         const std::set<worker_id, by_number>& eligible,
                                         const membership& members) {
  std::map<change, std::size_t> result;
  std::vector<std::size_t> counts(owners.workers().size());
  for (auto x : partitions.numbers)
    if (auto owner = owners.at(x); owner != partition_owners::none)
      ++counts[owner];
    else
      ++result[change::partitions_added];
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const auto& owner = *owners.workers()[i];
    if (counts[i] > 0 && !eligible.contains(owner))
      result[members.said_goodbye(owner) || members.drains(owner) ? change::left
                                                                  : change::lost] +=
          counts[i];
  }
  return result;
}

} // namespace

void coordinator::adopt_group() {
  adopted_ = true;
  if (!partitions_.listed())
    partitions_.go_on_with(index_.list(reconciler_.named()));
  if (!failpoint(rule::vanished_before_adoption_ignored))
    look_for_vanished();
  if (!reconciler_.names_any()) {
    policy_.begin(true);
    return;
  }
  auto owners = reconciler_.owners();
  auto orphans = orphans_of(*partitions_.all(), owners, eligible_, members_);
  // A pause holds for the first plan of a group that had one before.
  policy_.pause(directives_.paused_until(server_clock_));
  policy_.begin(!policy_.paused(now_) && !any_owner_goes_on());
  for (const auto& [what, count] : orphans)
    changed(what, std::to_string(count) + " partitions have no owner");
  if (auto directive = directives_.asks_for_plan())
    note_directive(std::move(*directive));
  auto in = input_of(eligible_, members_, *partitions_.all(), owners);
  note_planned(in);
  auto standing = directives_.standing();
  if (orphans.empty() && !eligible_.empty()
      && changes_of(in, plan_under(standing, in, options_.strategy).shares).moves != 0)
    changed(standing.empty() ? change::joined : change::directed,
            "the group changed meanwhile");
  // Owners that no longer take part are included: the next plan says which worker gets
  // their partitions, and they keep them until that worker can get them.
  append(reconciler_.want(target_as_owned(partitions_.all(), owners),
                          lifecycle::rebalance, now_));
}

/// Whether an incarnation that owns something may still work. If none does, the whole group was
/// stopped, and starts like a new one: what joins then waits for no cool-down.
bool coordinator::any_owner_goes_on() const {
  const auto& all = members_.members();
  return std::any_of(all.begin(), all.end(), [&](const auto& x) {
    const auto& who = x.first;
    if (!reconciler_.has_record(who))
      return false;
    const auto& found = reconciler_.record_of(who);
    return !found.partitions.empty() && !members_.ended(who, found.worker_nonce, now_);
  });
}

/// An incarnation that may still work has no record, or has applied one that is not
/// there: the record vanished while there was no leader. It may also have been granted
/// something that it has yet to see, as watches lag.
void coordinator::look_for_vanished() {
  for (const auto& [who, x] : members_.members()) {
    const auto& pulse = x.value;
    if (x.what != membership::member::content::beat
        || members_.ended(who, pulse.nonce, now_))
      continue;
    if (reconciler_.has_record(who)
        && reconciler_.record_of(who).version >= pulse.applied.version)
      continue;
    members_.unrecorded(who, pulse.nonce, pulse.terms);
    append(reconciler_.vanished(who, pulse, now_));
  }
}

void coordinator::report_hold() {
  const auto& hold = reconciler_.hold();
  std::pair<std::optional<time_point>, std::string> next;
  if (!hold.is_over(now_))
    next = {hold.until(), hold.reason(now_)};
  if (told_hold_ == next)
    return;
  told_hold_ = next;
  if (next.second.empty())
    out_.emplace_back(may_grant{});
  else
    out_.emplace_back(grants_wait{std::max(next.first.value_or(now_) - now_, duration{}),
                                  std::move(next.second)});
}

} // namespace partita::core
