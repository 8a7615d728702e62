// SPDX-License-Identifier: Apache-2.0
#include "partita/app/page/page.hpp"

#include <nlohmann/json.hpp>

#include <chrono>

namespace partita::app {

namespace {

using nlohmann::json;

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
        std::chrono::ceil<std::chrono::minutes>(
            std::chrono::milliseconds{group.pauses[i].left_ms})
            .count();
  result["group"] = std::move(status);
  auto past = json::parse(to_json(history));
  for (auto& x : past["plans"]) {
    auto id = x["epoch"].dump() + '.' + x["count"].dump();
    result["plans"][id] = std::move(x);
  }
  return result;
}

json patch_between(const json& from, const json& to) {
  const json none;
  auto result = json::object();
  for (const auto& [name, value] : to.items()) {
    auto i = from.find(name);
    const auto& old = i == from.end() ? none : *i;
    if (!old.is_object() || !value.is_object()) {
      if (old != value)
        result[name] = value;
    } else if (auto inner = patch_between(old, value); !inner.empty()) {
      result[name] = std::move(inner);
    }
  }
  for (const auto& [name, value] : from.items())
    if (!to.contains(name))
      result[name] = nullptr;
  return result;
}

} // namespace partita::app
