// SPDX-License-Identifier: Apache-2.0
#include "partita/app/output/event_lines.hpp"

#include "partita/app/output/json_text.hpp"
#include "partita/messages/codec.hpp"

#include <chrono>
#include <utility>

namespace partita::app {

namespace {

using json = nlohmann::ordered_json;

std::string line(std::int64_t ts_ns, const char* event, const std::string& group,
                 const worker_id& who, json members = json::object()) {
  json result = {
      {"ts_ns", ts_ns}, {"event", event}, {"group", group}, {"worker_id", who.value}};
  for (auto& x : members.items())
    result[x.key()] = std::move(x.value());
  return json_line(result);
}

json names_of(const std::vector<grant>& xs) {
  return json_list(xs, [](const grant& x) { return name_of(x.partition); });
}

/// `[{"partition":"orders.7","token":3145730}]`
json tokens_of(const std::vector<grant>& xs) {
  return json_list(xs, [](const grant& x) -> json {
    return {{"partition", name_of(x.partition)}, {"token", x.token.value}};
  });
}

/// The same with `"reason"`, where it is known.
json reasons_of(const std::vector<grant>& xs) {
  auto result = tokens_of(xs);
  for (std::size_t i = 0; i < xs.size(); ++i)
    if (!xs[i].reason.empty())
      result[i]["reason"] = xs[i].reason;
  return result;
}

} // namespace

std::string event_line(std::int64_t ts_ns, const worker_id_claimed& x) {
  return line(ts_ns, "worker_id_claimed", x.group, x.worker_id);
}

std::string event_line(std::int64_t ts_ns, const state_changed& x) {
  return line(
      ts_ns, "state", x.group, x.worker_id,
      {{"from", to_string(x.from)}, {"to", to_string(x.to)}, {"reason", x.reason}});
}

std::string event_line(std::int64_t ts_ns, const leadership_changed& x) {
  return line(ts_ns, "leadership", x.group, x.worker_id,
              {{"leading", x.leading}, {"reason", x.reason}});
}

std::string event_line(std::int64_t ts_ns, const calculator_adopted& x) {
  return line(ts_ns, "adopted", x.group, x.worker_id, {{"epoch", x.epoch.value}});
}

std::string event_line(std::int64_t ts_ns, const assignment_changed& x) {
  auto names = [](const std::vector<partition>& all) {
    return json_list(all, [](const partition& y) { return name_of(y); });
  };
  return line(ts_ns, "assignment", x.group, x.worker_id,
              {{"version", x.version.value},
               {"epoch", x.epoch.value},
               {"lifecycle", to_string(x.lifecycle)},
               {"partitions", names_of(x.partitions)},
               {"added", names(x.added)},
               {"removed", names(x.removed)}});
}

std::string event_line(std::int64_t ts_ns, const partitions_assigned& x,
                       const consumers_given& consumers) {
  auto partitions = reasons_of(x.partitions);
  for (auto& y : partitions)
    if (auto i = consumers.names.find(y["partition"].get<std::string>());
        i != consumers.names.end())
      y["consumer"] = {{"stream", consumers.stream}, {"name", i->second}};
  return line(ts_ns, "assigned", x.group, x.worker_id,
              {{"version", x.granted_by.version.value},
               {"epoch", x.granted_by.epoch.value},
               {"exclusive", x.exclusive},
               {"partitions", std::move(partitions)}});
}

std::string event_line(std::int64_t ts_ns, const partitions_revoked& x) {
  return line(
      ts_ns, "revoked", x.group, x.worker_id,
      {{"time_left_ms", x.time_left.count()}, {"partitions", reasons_of(x.partitions)}});
}

std::string event_line(std::int64_t ts_ns, const partitions_lost& x) {
  return line(ts_ns, "lost", x.group, x.worker_id,
              {{"reason", x.why},
               {"time_left_ms", x.time_left.count()},
               {"partitions", tokens_of(x.partitions)}});
}

std::string event_line(std::int64_t ts_ns, const alert_raised& x) {
  return line(ts_ns, "alert", x.group, x.worker_id,
              {{"level", to_string(x.level)},
               {"what", x.what},
               {"reason", x.why},
               {"age_ms", x.age.count()},
               {"over", x.over}});
}

std::string event_line(std::int64_t ts_ns, const worker_stopped& x) {
  auto failure =
      x.failure.empty() ? json::object() : json::object({{"failure", x.failure}});
  return line(ts_ns, "stopped", x.group, x.worker_id, failure);
}

std::string gap_line(std::int64_t ts_ns, const std::string& group, std::uint64_t lines) {
  return line(ts_ns, "lines_dropped", group, {}, {{"lines", lines}});
}

std::int64_t wall_clock_ns() {
  using namespace std::chrono;
  return duration_cast<nanoseconds>(system_clock::now().time_since_epoch()).count();
}

} // namespace partita::app
