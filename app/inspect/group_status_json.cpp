// SPDX-License-Identifier: Apache-2.0
#include "partita/app/inspect/group_status.hpp"

#include "partita/app/output/json_text.hpp"
#include "partita/messages/codec.hpp"

// A group and its workers for programs.
namespace partita::app {

namespace {

using json = nlohmann::ordered_json;

json stamp_of(const stamp& x) {
  return {{"epoch", x.epoch.value}, {"version", x.version.value}};
}

json note_of(const directive& x) {
  return {{"at", x.at}, {"by", x.by}, {"reason", x.reason}};
}

json note_of(const std::optional<directive>& x) {
  return x ? note_of(*x) : json(nullptr);
}

json member_of(const member& x, bool with_ages) {
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
    result["applied"] = stamp_of(x.last_beat->applied);
  }
  if (x.record) {
    result["version"] = x.record->version.value;
    result["epoch"] = x.record->epoch.value;
    result["lifecycle"] = to_string(x.record->lifecycle);
  }
  return result;
}

json pause_of(const pause_status& x, bool with_ages) {
  auto result = note_of(x.directive);
  result["id"] = x.id;
  if (with_ages)
    result["left_ms"] = x.left_ms;
  return result;
}

json pin_of(const pin_status& x) {
  auto result = note_of(x.directive);
  result["partition"] = x.partition;
  result["worker"] = x.worker.value;
  return result;
}

json wait_of(const group_status& x, bool with_ages) {
  if (x.grants_wait_ms <= 0)
    return nullptr;
  json result = {{"reason", x.epoch->waits_for}};
  if (with_ages)
    result["left_ms"] = x.grants_wait_ms;
  return result;
}

std::string text_of(const group_status& x, bool with_ages) {
  auto members = [&](const member& y) { return member_of(y, with_ages); };
  auto pauses = [&](const pause_status& y) { return pause_of(y, with_ages); };
  auto moves = [](const hand_off& y) -> json {
    return {
        {"partition", y.partition}, {"from", y.from.value}, {"waits_for", y.waits_for}};
  };
  auto waiting = [&](const waiting_worker& y) -> json {
    json result = {{"worker_id", y.id.value}, {"waits_for", y.waits_for}};
    if (with_ages)
      result["for_ms"] = y.for_ms;
    return result;
  };
  auto unowned = [](const unowned_partition& y) -> json {
    return {{"partition", y.name}, {"why", y.why}};
  };
  auto unreadable = [](const unreadable_entry& y) -> json {
    return {{"bucket", y.bucket}, {"key", y.key}, {"why", y.why}};
  };
  return json_line({{"group", x.group},
                    {"leader", x.leader ? json(x.leader->worker_id.value) : json()},
                    {"epoch", x.epoch ? json(x.epoch->epoch.value) : json()},
                    {"grants_wait", wait_of(x, with_ages)},
                    {"version", x.version.value},
                    {"workers", json_list(x.members, members)},
                    {"pauses", json_list(x.pauses, pauses)},
                    {"pins", json_list(x.pins, pin_of)},
                    {"rebalance", note_of(x.rebalance)},
                    {"step_down", note_of(x.step_down)},
                    {"hand_offs", json_list(x.hand_offs, moves)},
                    {"waiting", json_list(x.waiting, waiting)},
                    {"unowned", json_list(x.unowned, unowned)},
                    {"in_two_records", x.named_twice},
                    {"settings_differ", x.settings_differ},
                    {"unreadable", json_list(x.unreadable, unreadable)}});
}

json worker_of(const group_status& x, const member& who, const group_load& all) {
  const auto* pulse = who.last_beat ? &*who.last_beat : nullptr;
  // Null without a heartbeat, or where that does not say it.
  auto said = [&](auto f) { return pulse ? json(f(*pulse)) : json(); };
  return {{"worker_id", who.id.value},
          {"state", said([](const beat& y) { return to_string(y.state); })},
          {"leader", x.leader && x.leader->worker_id == who.id},
          {"standby", who.record && lives(who) ? who.record->standby : 0},
          {"cordoned", who.cordoned.has_value()},
          {"drained", who.drained.has_value()},
          {"instance", who.instance},
          {"zone", said([](const beat& y) { return y.zone; })},
          {"capacity", said([](const beat& y) { return y.capacity; })},
          {"partitions", names_of(who).size()},
          {"weight", weight_of(who)},
          {"load", all.weight > 0 ? json(static_cast<double>(weight_of(who))
                                         / static_cast<double>(all.weight))
                                  : json()},
          {"ttl_ms", said([](const beat& y) {
             auto ttl = y.terms.ttl.count();
             return ttl != 0 ? json(ttl) : json();
           })},
          {"ownership", said([](const beat& y) {
             return y.terms.ownership ? json(to_string(*y.terms.ownership)) : json();
           })},
          {"settings", said([](const beat& y) { return y.settings; })},
          {"applied", said([](const beat& y) { return stamp_of(y.applied); })},
          {"beat_age_ms", said([&](const beat&) { return who.beat_age_ms; })},
          {"program_version", said([](const beat& y) { return y.program_version; })}};
}

} // namespace

std::string to_json(const group_status& x) {
  return text_of(x, true);
}

std::string gist_of(const group_status& x) {
  return text_of(x, false);
}

std::string workers_json(const group_status& x) {
  auto all = load_of(x);
  auto workers = [&](const member& who) { return worker_of(x, who, all); };
  return json_line({{"group", x.group},
                    {"settings_differ", x.settings_differ},
                    {"workers", json_list(x.members, workers)}});
}

} // namespace partita::app
