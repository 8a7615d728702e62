// SPDX-License-Identifier: Apache-2.0
#include "partita/app/inspect/plan_history.hpp"

#include "partita/app/output/names.hpp"
#include "partita/app/output/table.hpp"
#include "partita/config/text.hpp"
#include "partita/messages/codec.hpp"
#include "partita/messages/control_codec.hpp"
#include "partita/messages/ids.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace partita::app {

namespace {

using json = nlohmann::ordered_json;

/// `3.2`: the second plan of epoch 3.
std::string shown(const history_id& x) {
  return std::to_string(x.epoch.value) + '.' + std::to_string(x.count);
}

/// ` worker-0 +3`, for each worker in the order of its number.
std::string changes(const history_entry& x) {
  std::map<worker_id, std::string, by_number> all;
  for (const auto& [who, count] : x.gains)
    all[who] += " +" + std::to_string(count);
  for (const auto& [who, count] : x.losses)
    all[who] += " -" + std::to_string(count);
  std::string result;
  for (const auto& [who, change] : all)
    result += (result.empty() ? "" : ", ") + who.value + change;
  return result;
}

std::string detail_lines(const past_plan& x) {
  std::string result;
  if (auto all = changes(x.plan); !all.empty())
    result += config::printable(shown(x.id) + ": " + all) + '\n';
  for (const auto& trouble : x.plan.trouble)
    result += config::printable(shown(x.id) + ": " + trouble) + '\n';
  return result;
}

json to_json(const std::map<worker_id, std::uint64_t>& x) {
  auto result = json::object();
  for (const auto& [who, count] : x)
    result[who.value] = count;
  return result;
}

json to_json(const past_plan& x) {
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
          {"gains", to_json(y.gains)},
          {"losses", to_json(y.losses)},
          {"trouble", y.trouble}};
}

} // namespace

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
  using enum table::side;
  table rows{{{"PLAN"},
              {"AT"},
              {"LEADER"},
              {"LIFECYCLE"},
              {"WORKERS", right},
              {"PARTITIONS", right},
              {"MOVES", right},
              {"REASON"}}};
  std::string details;
  for (const auto& y : x.plans) {
    rows.add({shown(y.id), readable_time(y.plan.at), y.plan.leader.value,
              std::string{to_string(y.plan.lifecycle)}, std::to_string(y.plan.workers),
              std::to_string(y.plan.partitions), std::to_string(y.plan.moves),
              y.plan.reason});
    details += detail_lines(y);
  }
  auto result = x.plans.empty() ? "no plan is on record\n" : rows.text();
  if (verbose)
    result += details;
  for (const auto& bad : x.unreadable)
    result += config::printable("cannot read '" + bad.key
                                + "' of the control bucket: " + bad.why)
              + '\n';
  return result;
}

std::string to_json(const plan_history& x) {
  json result = {
      {"group", x.group}, {"plans", json::array()}, {"unreadable", json::array()}};
  for (const auto& y : x.plans)
    result["plans"].push_back(to_json(y));
  for (const auto& bad : x.unreadable)
    result["unreadable"].push_back({{"key", bad.key}, {"why", bad.why}});
  return result.dump(-1, ' ', false, json::error_handler_t::replace);
}

} // namespace partita::app
