// SPDX-License-Identifier: Apache-2.0
#include "partita/app/inspect/group_status.hpp"

#include "partita/messages/codec.hpp"

#include <nlohmann/json.hpp>

// A group's status for programs.
namespace partita::app {

namespace {

using json = nlohmann::ordered_json;

json to_json(const stamp& x) {
  return {{"epoch", x.epoch.value}, {"version", x.version.value}};
}

json note_of(const directive& x) {
  return {{"at", x.at}, {"by", x.by}, {"reason", x.reason}};
}

json note_of(const std::optional<directive>& x) {
  return x ? note_of(*x) : json(nullptr);
}

json to_json(const member& x, bool with_ages) {
  json result = {{"worker_id", x.id.value},      {"state", nullptr},
                 {"beat_age_ms", nullptr},       {"applied", nullptr},
                 {"version", nullptr},           {"epoch", nullptr},
                 {"lifecycle", nullptr},         {"partitions", names_of(x)},
                 {"instance", x.instance},       {"cordoned", note_of(x.cordoned)},
                 {"drained", note_of(x.drained)}};
  if (x.last_beat) {
    result["state"] = to_string(x.last_beat->state);
    if (with_ages)
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

json to_json(const pause_status& x, bool with_ages) {
  auto result = note_of(x.directive);
  result["id"] = x.id;
  if (with_ages)
    result["left_ms"] = x.left_ms;
  return result;
}

json to_json(const pin_status& x) {
  auto result = note_of(x.directive);
  result["partition"] = x.partition;
  result["worker"] = x.worker.value;
  return result;
}

std::string text_of(const group_status& x, bool with_ages) {
  json result = {{"group", x.group},
                 {"leader", nullptr},
                 {"epoch", nullptr},
                 {"grants_wait", nullptr},
                 {"version", x.version.value},
                 {"workers", json::array()},
                 {"pauses", json::array()},
                 {"pins", json::array()},
                 {"rebalance", note_of(x.rebalance)},
                 {"step_down", note_of(x.step_down)},
                 {"hand_offs", json::array()},
                 {"unowned", json::array()},
                 {"in_two_records", x.named_twice},
                 {"settings_differ", x.settings_differ},
                 {"unreadable", json::array()}};
  if (x.leader)
    result["leader"] = x.leader->worker_id.value;
  if (x.epoch)
    result["epoch"] = x.epoch->epoch.value;
  if (x.grants_wait_ms > 0) {
    result["grants_wait"] = {{"reason", x.epoch->waits_for}};
    if (with_ages)
      result["grants_wait"]["left_ms"] = x.grants_wait_ms;
  }
  for (const auto& who : x.members)
    result["workers"].push_back(to_json(who, with_ages));
  for (const auto& pause : x.pauses)
    result["pauses"].push_back(to_json(pause, with_ages));
  for (const auto& pin : x.pins)
    result["pins"].push_back(to_json(pin));
  for (const auto& move : x.hand_offs)
    result["hand_offs"].push_back({{"partition", move.partition},
                                   {"from", move.from.value},
                                   {"waits_for", move.waits_for}});
  for (const auto& one : x.unowned)
    result["unowned"].push_back({{"partition", one.name}, {"why", one.why}});
  for (const auto& bad : x.unreadable)
    result["unreadable"].push_back(
        {{"bucket", bad.bucket}, {"key", bad.key}, {"why", bad.why}});
  return result.dump(-1, ' ', false, json::error_handler_t::replace);
}

} // namespace

std::string to_json(const group_status& x) {
  return text_of(x, true);
}

std::string gist_of(const group_status& x) {
  return text_of(x, false);
}

} // namespace partita::app
