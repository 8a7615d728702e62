// SPDX-License-Identifier: Apache-2.0
#include "partita/app/inspect/explanation.hpp"

#include "partita/app/output/json_text.hpp"
#include "partita/app/output/names.hpp"
#include "partita/messages/codec.hpp"

#include <algorithm>

namespace partita::app {

namespace {

using json = nlohmann::ordered_json;

constexpr std::int64_t ns_per_second = 1'000'000'000;

const grant* grant_of(const member& who, const std::string& partition) {
  if (who.record)
    for (const auto& x : who.record->partitions)
      if (name_of(x.partition) == partition)
        return &x;
  return nullptr;
}

/// The plans under which this worker gained something in the leadership of the grant,
/// before its record was written; those of the same reason, if there are any.
std::vector<past_plan> plans_behind(const explanation& x, const plan_history& history) {
  std::vector<past_plan> result;
  for (const auto& y : history.plans)
    if (y.id.epoch == x.granted_in && y.plan.gains.contains(*x.owner)
        && y.stored_at_ns / ns_per_second <= x.record_at + 1)
      result.push_back(y);
  auto same = [&](const past_plan& y) { return y.plan.reason == x.reason; };
  if (std::any_of(result.begin(), result.end(), same))
    std::erase_if(result, [&](const past_plan& y) { return !same(y); });
  return result;
}

/// The first of `all` that is about `partition`.
template <class T>
std::optional<T> about(const std::string& partition, const std::vector<T>& all,
                       std::string T::*name) {
  auto i = std::find_if(all.begin(), all.end(),
                        [&](const T& x) { return x.*name == partition; });
  return i == all.end() ? std::nullopt : std::optional{*i};
}

std::string since(const explanation& x) {
  auto at = readable_time(x.record_at);
  if (x.record_granted_it)
    return "since " + at;
  if (x.plans.size() == 1)
    return "since about " + readable_time(x.plans.front().plan.at);
  return "since " + at
         + " or before: its worker's record was written then for another reason";
}

std::string line_of(const past_plan& x) {
  return text_line("plan:     " + readable(x.id) + " at " + readable_time(x.plan.at)
                   + " by " + x.plan.leader.value + " ("
                   + std::string{to_string(x.plan.lifecycle)} + "): " + x.plan.reason);
}

} // namespace

std::variant<explanation, std::string> explain(const group_status& group,
                                               const plan_history& history,
                                               const std::string& partition,
                                               const std::vector<std::string>& known) {
  auto names = partition_names(group);
  names.insert(names.end(), known.begin(), known.end());
  if (std::find(names.begin(), names.end(), partition) == names.end())
    return unknown_partition(names, partition);
  explanation result;
  result.partition = partition;
  auto view = view_of(group);
  const auto* owner = view.owner_of(partition);
  for (const auto& x : group.members)
    if (grant_of(x, partition) && x.id != *owner)
      result.also_named_by.push_back(x.id);
  if (owner) {
    const auto* who = find(group, *owner);
    const auto& held = *grant_of(*who, partition);
    result.owner = who->id;
    result.weight = held.partition.weight;
    result.token = held.token;
    result.granted_in = {held.token.value / versions_per_epoch};
    result.record_at = who->record_stored_at_ns / ns_per_second;
    result.record_granted_it = who->record->version == held.token;
    result.reason = held.reason;
    result.plans = plans_behind(result, history);
  }
  result.pending = about(partition, group.hand_offs, &hand_off::partition);
  if (auto x = about(partition, group.unowned, &unowned_partition::name))
    result.why_unowned = x->why;
  result.pin = about(partition, group.pins, &pin_status::partition);
  return result;
}

std::string to_text(const explanation& x) {
  auto result = text_line("partition " + x.partition);
  if (x.owner) {
    result += text_line("owner:    " + x.owner->value + ", " + since(x));
    result +=
        "token:    " + readable(x.token) + " (" + std::to_string(x.token.value) + ")\n";
    result +=
        text_line("why:      " + (x.reason.empty() ? "not in its record" : x.reason));
    constexpr std::size_t few = 3;
    for (auto i = x.plans.size() - std::min(few, x.plans.size()); i < x.plans.size(); ++i)
      result += line_of(x.plans[i]);
  } else {
    result += "owner:    none\n";
  }
  if (!x.why_unowned.empty())
    result += text_line("no worker works on it: " + x.why_unowned);
  if (x.pending)
    result +=
        text_line("pending:  taken away from " + x.pending->from.value + ", waits for "
                  + x.pending->waits_for + "; only the leader knows its next owner");
  for (const auto& other : x.also_named_by)
    result += text_line("also in the record of " + other.value
                        + ": a move under way, or a worker that is gone");
  if (x.pin)
    result +=
        text_line(with_note("pinned:   to " + x.pin->worker.value, x.pin->directive));
  return result;
}

std::string to_json(const explanation& x) {
  json result = {{"partition", x.partition}, {"owner", nullptr}};
  if (x.owner) {
    result["owner"] = x.owner->value;
    result["weight"] = x.weight;
    result["token"] = x.token.value;
    result["epoch"] = x.granted_in.value;
    result["record_at"] = x.record_at;
    result["record_granted_it"] = x.record_granted_it;
    result["reason"] = x.reason;
    result["plans"] = json_list(x.plans, [](const past_plan& y) -> json {
      return {{"epoch", y.id.epoch.value},
              {"count", y.id.count},
              {"at", y.plan.at},
              {"leader", y.plan.leader.value},
              {"lifecycle", to_string(y.plan.lifecycle)},
              {"reason", y.plan.reason}};
    });
  }
  result["unowned"] = x.why_unowned.empty() ? json() : json(x.why_unowned);
  result["pending"] = nullptr;
  if (x.pending)
    result["pending"] = {{"from", x.pending->from.value},
                         {"waits_for", x.pending->waits_for}};
  result["pin"] = nullptr;
  if (x.pin)
    result["pin"] = {{"worker", x.pin->worker.value},
                     {"at", x.pin->directive.at},
                     {"by", x.pin->directive.by},
                     {"reason", x.pin->directive.reason}};
  result["also_in_record_of"] =
      json_list(x.also_named_by, [](const worker_id& y) { return y.value; });
  return json_line(result);
}

} // namespace partita::app
