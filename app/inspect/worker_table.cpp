// SPDX-License-Identifier: Apache-2.0
#include "partita/app/inspect/worker_table.hpp"

#include "partita/app/output/names.hpp"
#include "partita/app/output/table.hpp"
#include "partita/config/duration.hpp"
#include "partita/config/text.hpp"
#include "partita/messages/codec.hpp"

#include <nlohmann/json.hpp>

#include <cmath>

namespace partita::app {

namespace {

using json = nlohmann::ordered_json;

std::int64_t weight_of(const member& x) {
  std::int64_t result = 0;
  if (x.record)
    for (const auto& held : x.record->partitions)
      result += std::max<std::int64_t>(held.partition.weight, 0);
  return result;
}

/// What the loads are measured by.
struct totals {
  std::int64_t weight = 0;
  /// Of those that live.
  std::int64_t capacity = 0;
};

totals totals_of(const group_status& x) {
  totals result;
  for (const auto& who : x.members) {
    result.weight += weight_of(who);
    if (lives(who))
      result.capacity += who.last_beat->capacity;
  }
  return result;
}

std::string percent(std::int64_t part, std::int64_t whole) {
  if (whole <= 0)
    return "-";
  auto tenths =
      std::llround(1000.0 * static_cast<double>(part) / static_cast<double>(whole));
  return std::to_string(tenths / 10) + '.' + std::to_string(tenths % 10) + " %";
}

std::string role_of(const group_status& x, const member& who) {
  if (x.leader && x.leader->worker_id == who.id)
    return "leader";
  if (who.record && who.record->standby > 0 && lives(who))
    return "standby " + std::to_string(who.record->standby);
  return {};
}

std::string marks_of(const member& x) {
  std::string result = x.drained ? "drained" : "";
  if (x.cordoned)
    result += result.empty() ? "cordoned" : " cordoned";
  return result;
}

std::vector<std::string> row_of(const group_status& x, const member& who,
                                const totals& all) {
  const auto* pulse = who.last_beat ? &*who.last_beat : nullptr;
  auto fair = lives(who) ? percent(pulse->capacity, all.capacity) : std::string{"-"};
  return {who.id.value,
          pulse ? std::string{to_string(pulse->state)} : "no heartbeat",
          role_of(x, who),
          marks_of(who),
          who.instance.empty() ? "-" : who.instance,
          pulse && !pulse->zone.empty() ? pulse->zone : "-",
          pulse ? std::to_string(pulse->capacity) : "-",
          std::to_string(names_of(who).size()),
          percent(weight_of(who), all.weight) + " of " + fair,
          pulse && pulse->terms.ttl.count() != 0
              ? config::format_duration(pulse->terms.ttl)
              : "-",
          pulse ? readable(pulse->applied.version) : "-",
          pulse ? readable_seconds(who.beat_age_ms) : "-",
          pulse && !pulse->program_version.empty() ? pulse->program_version : "-"};
}

json to_json(const group_status& x, const member& who, const totals& all) {
  auto count = names_of(who).size();
  auto standby = who.record && lives(who) ? who.record->standby : 0;
  json result = {{"worker_id", who.id.value},
                 {"state", nullptr},
                 {"leader", x.leader && x.leader->worker_id == who.id},
                 {"standby", standby},
                 {"cordoned", who.cordoned.has_value()},
                 {"drained", who.drained.has_value()},
                 {"instance", who.instance},
                 {"zone", nullptr},
                 {"capacity", nullptr},
                 {"partitions", count},
                 {"weight", weight_of(who)},
                 {"load", nullptr},
                 {"ttl_ms", nullptr},
                 {"ownership", nullptr},
                 {"settings", nullptr},
                 {"applied", nullptr},
                 {"beat_age_ms", nullptr},
                 {"program_version", nullptr}};
  if (all.weight > 0)
    result["load"] =
        static_cast<double>(weight_of(who)) / static_cast<double>(all.weight);
  if (const auto& pulse = who.last_beat) {
    result["state"] = to_string(pulse->state);
    result["zone"] = pulse->zone;
    result["capacity"] = pulse->capacity;
    if (pulse->terms.ttl.count() != 0)
      result["ttl_ms"] = pulse->terms.ttl.count();
    if (pulse->terms.ownership)
      result["ownership"] = to_string(*pulse->terms.ownership);
    result["settings"] = pulse->settings;
    result["applied"] = {{"epoch", pulse->applied.epoch.value},
                         {"version", pulse->applied.version.value}};
    result["beat_age_ms"] = who.beat_age_ms;
    result["program_version"] = pulse->program_version;
  }
  return result;
}

} // namespace

std::string workers_table(const group_status& x) {
  if (x.members.empty())
    return "no worker has joined yet\n";
  using enum table::side;
  table rows{{{"WORKER"},
              {"STATE"},
              {"ROLE"},
              {"MARKS"},
              {"INSTANCE"},
              {"ZONE"},
              {"CAPACITY", right},
              {"PARTITIONS", right},
              {"LOAD", right},
              {"TTL", right},
              {"APPLIED", right},
              {"HEARTBEAT AGE", right},
              {"PROGRAM"}}};
  auto all = totals_of(x);
  for (const auto& who : x.members)
    rows.add(row_of(x, who, all));
  auto result = rows.text();
  if (!x.settings_differ.empty())
    result += config::printable("settings differ: " + x.settings_differ) + '\n';
  return result;
}

std::string workers_json(const group_status& x) {
  json result = {{"group", x.group},
                 {"settings_differ", x.settings_differ},
                 {"workers", json::array()}};
  auto all = totals_of(x);
  for (const auto& who : x.members)
    result["workers"].push_back(to_json(x, who, all));
  return result.dump(-1, ' ', false, json::error_handler_t::replace);
}

} // namespace partita::app
