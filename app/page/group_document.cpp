// SPDX-License-Identifier: Apache-2.0
#include "partita/app/page/group_document.hpp"

#include "partita/app/inspect/worker_table.hpp"

namespace partita::app {

namespace {

using nlohmann::json;

constexpr std::int64_t ms_per_minute = 60'000;

/// What is left of the session: only where that is less than half.
json session_left(const member& x) {
  auto ttl = x.last_beat ? x.last_beat->terms.ttl.count() : 0;
  if (ttl == 0 || !is_living(x.last_beat->state) || 2 * x.beat_age_ms < ttl)
    return nullptr;
  return std::max<std::int64_t>(ttl - x.beat_age_ms, 0) / 100 * 100;
}

/// By worker: all that is known of it.
json workers_of(const group_status& group, json& status) {
  auto table = json::parse(workers_json(group));
  auto result = json::object();
  for (std::size_t i = 0; i < group.members.size(); ++i) {
    auto& x = result[group.members[i].id.value] = std::move(table["workers"][i]);
    x.erase("beat_age_ms");
    // Names, where `workers` has their number.
    x.update(status["workers"][i]);
    x["session_left_ms"] = session_left(group.members[i]);
  }
  status.erase("workers");
  return result;
}

} // namespace

json group_document(const group_status& group, const plan_history& history) {
  auto status = json::parse(gist_of(group));
  json result = {{"workers", workers_of(group, status)}, {"plans", json::object()}};
  for (std::size_t i = 0; i < group.pauses.size(); ++i)
    status["pauses"][i]["left_min"] =
        (group.pauses[i].left_ms + ms_per_minute - 1) / ms_per_minute;
  result["group"] = std::move(status);
  auto past = json::parse(to_json(history));
  for (auto& x : past["plans"]) {
    auto id = x["epoch"].dump() + '.' + x["count"].dump();
    result["plans"][id] = std::move(x);
  }
  return result;
}

json patch_between(const json& from, const json& to) {
  auto result = json::object();
  for (const auto& [name, value] : to.items()) {
    auto old = from.find(name);
    if (old == from.end()) {
      if (!value.is_null())
        result[name] = value;
    } else if (*old == value) {
      continue;
    } else if (old->is_object() && value.is_object()) {
      result[name] = patch_between(*old, value);
    } else {
      result[name] = value;
    }
  }
  for (const auto& [name, value] : from.items())
    if (!to.contains(name))
      result[name] = nullptr;
  return result;
}

} // namespace partita::app
