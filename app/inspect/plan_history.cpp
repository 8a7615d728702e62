// SPDX-License-Identifier: Apache-2.0
#include "partita/app/inspect/plan_history.hpp"

#include "partita/app/output/json_text.hpp"
#include "partita/app/output/names.hpp"
#include "partita/app/output/table.hpp"
#include "partita/config/text.hpp"
#include "partita/messages/codec.hpp"
#include "partita/messages/control_codec.hpp"

#include <algorithm>

namespace partita::app {

namespace {

using json = nlohmann::ordered_json;

/// ` worker-0 +3`, for each worker in the order of its number.
std::string changes(const history_entry& x) {
  std::map<worker_id, std::string, by_number> all;
  for (const auto& [who, count] : x.gains)
    all[who] += " +" + std::to_string(count);
  for (const auto& [who, count] : x.losses)
    all[who] += " -" + std::to_string(count);
  return config::joined(all, [](const auto& y) { return y.first.value + y.second; });
}

std::string detail_lines(const past_plan& x) {
  std::string result;
  auto details = x.plan.trouble;
  details.insert(details.begin(), changes(x.plan));
  for (const auto& y : details)
    if (!y.empty())
      result += text_line(readable(x.id) + ": " + y);
  return result;
}

json counts_of(const std::map<worker_id, std::uint64_t>& x) {
  auto result = json::object();
  for (const auto& [who, count] : x)
    result[who.value] = count;
  return result;
}

json plan_of(const past_plan& x) {
  const auto& y = x.plan;
  return {{"epoch", x.id.epoch.value},
          {"count", x.id.count},
          {"at", y.at},
          {"leader", y.leader.value},
          {"lifecycle", to_string(y.lifecycle)},
          {"reason", y.reason},
          {"strategy", y.strategy},
          {"workers", y.workers},
          {"partitions", y.partitions},
          {"moves", y.moves},
          {"gains", counts_of(y.gains)},
          {"losses", counts_of(y.losses)},
          {"trouble", y.trouble}};
}

} // namespace

std::string readable(const history_id& x) {
  return std::to_string(x.epoch.value) + '.' + std::to_string(x.count);
}

plan_history history_of(const group_entries& entries) {
  plan_history result;
  result.group = entries.group;
  for (const auto& x : entries.control) {
    if (!x.key.starts_with(history_prefix))
      continue;
    auto complain = [&](const malformed& bad) {
      result.unreadable.push_back({"control", x.key, bad.why});
    };
    auto id = history_id_from(x.key);
    auto plan = history_from(x.value);
    if (const auto* bad = std::get_if<malformed>(&id))
      complain(*bad);
    else if (const auto* worse = std::get_if<malformed>(&plan))
      complain(*worse);
    else
      result.plans.push_back({std::get<history_id>(id),
                              std::move(std::get<history_entry>(plan)), x.stored_at_ns});
  }
  std::sort(result.plans.begin(), result.plans.end(),
            [](const auto& a, const auto& b) { return a.id < b.id; });
  return result;
}

void keep_newest(plan_history& x, std::size_t count) {
  if (x.plans.size() > count)
    x.plans.erase(x.plans.begin(), x.plans.end() - static_cast<std::ptrdiff_t>(count));
}

std::string to_table(const plan_history& x, bool verbose) {
  table rows{{"PLAN", "AT", "LEADER", "LIFECYCLE", ">WORKERS", ">PARTITIONS", ">MOVES",
              "REASON"}};
  std::string details;
  for (const auto& y : x.plans) {
    rows.add({readable(y.id), readable_time(y.plan.at), y.plan.leader.value,
              std::string{to_string(y.plan.lifecycle)}, std::to_string(y.plan.workers),
              std::to_string(y.plan.partitions), std::to_string(y.plan.moves),
              y.plan.reason});
    details += detail_lines(y);
  }
  auto result = x.plans.empty() ? "no plan is on record\n" : rows.text();
  if (verbose)
    result += details;
  for (const auto& bad : x.unreadable)
    result +=
        text_line("cannot read '" + bad.key + "' of the control bucket: " + bad.why);
  return result;
}

std::string to_json(const plan_history& x) {
  auto unreadable = [](const unreadable_entry& y) -> json {
    return {{"key", y.key}, {"why", y.why}};
  };
  return json_line({{"group", x.group},
                    {"plans", json_list(x.plans, plan_of)},
                    {"unreadable", json_list(x.unreadable, unreadable)}});
}

} // namespace partita::app
