#include "partita/app/group_status.hpp"

#include "partita/app/names.hpp"
#include "partita/app/table.hpp"
#include "partita/messages/codec.hpp"

#include <nlohmann/json.hpp>

// How a group's status is shown.
namespace partita::app {

namespace {

using json = nlohmann::ordered_json;

constexpr std::size_t names_in_table = 8;

std::vector<std::string> names_of(const member& x) {
  std::vector<std::string> result;
  if (x.record)
    for (const auto& held : x.record->partitions)
      result.push_back(name_of(held.partition));
  return result;
}

std::string seconds(std::int64_t ms) {
  return std::to_string(ms / 1000) + '.' + std::to_string(ms % 1000 / 100) + " s";
}

std::vector<std::string> row_of(const member& x) {
  auto names = names_of(x);
  return {x.id.value,
          x.last_beat ? std::string{to_string(x.last_beat->state)} : "no beat",
          x.last_beat ? seconds(x.beat_age_ms) : "-",
          x.last_beat ? readable(x.last_beat->applied.version) : "-",
          x.record ? readable(x.record->version) : "-",
          std::to_string(names.size()),
          some_of(names, names_in_table)};
}

std::string headline(const group_status& x) {
  std::string result = "group " + x.group + ": ";
  result += x.leader ? x.leader->worker_id.value + " leads" : "nobody leads";
  if (x.epoch)
    result += ", epoch " + std::to_string(x.epoch->epoch.value);
  result += x.version.value ? ", version " + readable(x.version) + " ("
                                  + std::to_string(x.version.value) + ")"
                            : ", nothing published yet";
  return result + '\n';
}

json to_json(const stamp& x) {
  return {{"epoch", x.epoch.value}, {"version", x.version.value}};
}

json to_json(const member& x) {
  json result = {{"worker_id", x.id.value}, {"state", nullptr},
                 {"beat_age_ms", nullptr},  {"applied", nullptr},
                 {"version", nullptr},      {"epoch", nullptr},
                 {"lifecycle", nullptr},    {"partitions", names_of(x)}};
  if (x.last_beat) {
    result["state"] = to_string(x.last_beat->state);
    result["beat_age_ms"] = x.beat_age_ms;
    result["applied"] = to_json(x.last_beat->applied);
  }
  if (x.record) {
    result["version"] = x.record->version.value;
    result["epoch"] = x.record->epoch.value;
    result["lifecycle"] = to_string(x.record->lifecycle);
  }
  return result;
}

} // namespace

std::string to_table(const group_status& x) {
  using enum table::side;
  table rows{{{"WORKER"},
              {"STATE"},
              {"BEAT AGE", right},
              {"APPLIED", right},
              {"VERSION", right},
              {"PARTITIONS", right},
              {"SHARE"}}};
  for (const auto& who : x.members)
    rows.add(row_of(who));
  auto result = headline(x);
  result += x.members.empty() ? "no worker has joined yet\n" : rows.text();
  if (!x.named_twice.empty())
    result += "in two records: " + some_of(x.named_twice, names_in_table) + '\n';
  for (const auto& bad : x.unreadable)
    result += "cannot read '" + bad.key + "' of the " + bad.bucket + " bucket: " + bad.why
              + '\n';
  return result;
}

std::string to_json(const group_status& x) {
  json result = {{"group", x.group},           {"leader", nullptr},
                 {"epoch", nullptr},           {"version", x.version.value},
                 {"workers", json::array()},   {"in_two_records", x.named_twice},
                 {"unreadable", json::array()}};
  if (x.leader)
    result["leader"] = x.leader->worker_id.value;
  if (x.epoch)
    result["epoch"] = x.epoch->epoch.value;
  for (const auto& who : x.members)
    result["workers"].push_back(to_json(who));
  for (const auto& bad : x.unreadable)
    result["unreadable"].push_back(
        {{"bucket", bad.bucket}, {"key", bad.key}, {"why", bad.why}});
  return result.dump(-1, ' ', false, json::error_handler_t::replace);
}

} // namespace partita::app
