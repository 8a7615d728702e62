// SPDX-License-Identifier: Apache-2.0
#include "partita/app/change/directive_checks.hpp"

#include "partita/app/output/names.hpp"
#include "partita/config/text.hpp"
#include "partita/messages/codec.hpp"

#include <algorithm>
#include <set>

namespace partita::app {

namespace {

/// Those that could own more than they have.
std::set<worker_id> takers(const group_status& x) {
  std::set<worker_id> result;
  auto view = view_of(x);
  for (const auto& id : view.workers())
    if (const auto* who = find(x, id); !who->drained && !who->cordoned)
      result.insert(id);
  return result;
}

/// Why it is none of these.
std::string state_of(const member& x) {
  if (x.drained)
    return "is drained";
  if (x.cordoned)
    return "is cordoned";
  if (!x.last_beat)
    return "has no heartbeat";
  return lives(x) && x.last_beat->state != beat_state::draining
             ? "does not take part: it is silent, or has no record"
             : "is " + std::string{to_string(x.last_beat->state)};
}

/// A directive that is to be written, and what follows from it.
directive_change sets(directive::kind what, std::string meaning) {
  return {{std::move(what)}, {}, std::move(meaning)};
}

std::string list_of(const std::vector<pause_status>& all) {
  std::string result;
  for (const auto& x : all)
    result += "\n  " + x.id + "  " + readable_span(x.left_ms) + " more"
              + (x.directive.by.empty() ? "" : " by " + x.directive.by)
              + (x.directive.reason.empty() ? "" : ": " + x.directive.reason);
  return result;
}

} // namespace

checked_directive drain(const group_status& x, const worker_id& who, bool force) {
  if (!find(x, who) && !force)
    return unknown_worker(x, who);
  auto others = takers(x);
  others.erase(who);
  if (others.empty() && !force)
    return "no other worker could own what " + who.value
           + " gives away: start one or uncordon one first (--force drains all the same)";
  return sets(drain_directive{who},
              who.value
                  + " is drained: it gives its partitions away and gets none, "
                    "until it is uncordoned");
}

checked_directive cordon(const group_status& x, const worker_id& who, bool force) {
  if (!find(x, who) && !force)
    return unknown_worker(x, who);
  return sets(cordon_directive{who},
              who.value
                  + " is cordoned: it keeps what it has and gets nothing new, "
                    "until it is uncordoned");
}

checked_directive uncordon(const group_status& x, const worker_id& who) {
  const auto* found = find(x, who);
  if (!found)
    return unknown_worker(x, who);
  if (!found->cordoned && !found->drained)
    return who.value + " is neither cordoned nor drained";
  directive_change result;
  if (found->cordoned)
    result.removed.emplace_back(cordon_directive{who});
  if (found->drained)
    result.removed.emplace_back(drain_directive{who});
  result.meaning = who.value + " may get partitions again";
  return result;
}

checked_directive pin(const group_status& x, const std::string& partition,
                      const worker_id& who, const std::vector<std::string>& known,
                      bool force) {
  auto names = partition_names(x);
  names.insert(names.end(), known.begin(), known.end());
  auto is_known = std::find(names.begin(), names.end(), partition) != names.end();
  if (!is_known && !force)
    return unknown_partition(names, partition) + " (--force pins it all the same)";
  const auto* to = find(x, who);
  if (!to && !force)
    return unknown_worker(x, who) + " (--force pins to it all the same)";
  if (to && !takers(x).contains(who) && !force)
    return who.value + ' ' + state_of(*to)
           + ": it would not get the partition now (--force pins to it all the same)";
  return sets(pin_directive{partition, who},
              partition + " is pinned to " + who.value
                  + ": it owns it whenever it takes part, until it is unpinned");
}

checked_directive unpin(const group_status& x, const std::string& partition) {
  std::vector<std::string> pinned;
  for (const auto& y : x.pins) {
    if (y.partition == partition)
      return directive_change{
          {}, {pin_directive{partition, {}}}, partition + " is not pinned any more"};
    pinned.push_back(y.partition);
  }
  auto near = config::nearest(partition, pinned);
  return '\'' + config::printable(partition) + "' is not pinned"
         + (near.empty() ? "" : "; did you mean " + near + '?');
}

checked_directive pause(const group_status&, const std::string& id,
                        std::chrono::seconds lasts) {
  using std::chrono::milliseconds;
  return sets(pause_directive{id, lasts},
              "paused for " + readable_span(milliseconds{lasts}.count()) + " as " + id
                  + ": only partitions without an owner are assigned");
}

checked_directive resume(const group_status& x, const std::string& id) {
  if (x.pauses.empty())
    return std::string{"the group is not paused"};
  if (id.empty() && x.pauses.size() > 1)
    return "several pauses are in force; name one, or use --all:" + list_of(x.pauses);
  for (const auto& y : x.pauses)
    if (id.empty() || y.id == id) {
      auto rest = x.pauses.size() - 1;
      return directive_change{
          {},
          {pause_directive{y.id, {}}},
          "the pause " + y.id + " is over"
              + (rest == 0 ? std::string{}
                           : "; " + std::to_string(rest) + " still in force")};
    }
  return "there is no pause '" + config::printable(id)
         + "'; in force:" + list_of(x.pauses);
}

checked_directive resume_all(const group_status& x) {
  if (x.pauses.empty())
    return std::string{"the group is not paused"};
  directive_change result;
  for (const auto& y : x.pauses)
    result.removed.emplace_back(pause_directive{y.id, {}});
  result.meaning = "all pauses are over";
  return result;
}

checked_directive step_down(const group_status& x) {
  if (!x.leader)
    return "the group " + x.group + " has no leader to step down";
  if (!x.epoch || x.epoch->leader != x.leader->worker_id)
    return x.leader->worker_id.value
           + " was just elected and has not taken over yet: try again in a moment";
  return sets(step_down_directive{x.leader->worker_id, x.epoch->epoch},
              x.leader->worker_id.value + " is asked to step down");
}

checked_directive rebalance(const group_status& x) {
  if (!x.leader)
    return "the group " + x.group + " has no leader: the next one plans anyway";
  if (!x.pauses.empty())
    return "the group is paused: resume it first, or wait:" + list_of(x.pauses);
  return sets(rebalance_directive{}, x.leader->worker_id.value + " is asked to plan now");
}

bool owns_nothing(const group_status& x, const worker_id& who) {
  const auto* found = find(x, who);
  return !found || !found->record
         || (found->record->partitions.empty() && found->record->revoking.empty());
}

} // namespace partita::app
