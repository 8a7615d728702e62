// SPDX-License-Identifier: Apache-2.0
#include "partita/app/output/event_lines.hpp"

#include "partita/messages/codec.hpp"

#include <nlohmann/json.hpp>

#include <chrono>

namespace partita::app {

namespace {

// Keeps the members in the order in which people read them.
using json = nlohmann::ordered_json;

json head(std::int64_t ts_ns, const char* event, const worker_id& who) {
  return {{"ts_ns", ts_ns}, {"event", event}, {"worker_id", who.value}};
}

std::string line(const json& x) {
  // Texts may come from a server or the store: bytes that are no UTF-8 are replaced.
  return x.dump(-1, ' ', false, json::error_handler_t::replace);
}

json names_of(const std::vector<partition>& xs) {
  auto result = json::array();
  for (const auto& x : xs)
    result.push_back(name_of(x));
  return result;
}

json names_of(const std::vector<grant>& xs) {
  auto result = json::array();
  for (const auto& x : xs)
    result.push_back(name_of(x.partition));
  return result;
}

/// `[{"partition":"orders.7","token":3145730}]`
json tokens_of(const std::vector<grant>& xs) {
  auto result = json::array();
  for (const auto& x : xs)
    result.push_back({{"partition", name_of(x.partition)}, {"token", x.token.value}});
  return result;
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
  return line(head(ts_ns, "worker_id_claimed", x.worker_id));
}

std::string event_line(std::int64_t ts_ns, const state_changed& x) {
  auto result = head(ts_ns, "state", x.worker_id);
  result["from"] = to_string(x.from);
  result["to"] = to_string(x.to);
  result["reason"] = x.reason;
  return line(result);
}

std::string event_line(std::int64_t ts_ns, const leadership_changed& x) {
  auto result = head(ts_ns, "leadership", x.worker_id);
  result["leading"] = x.leading;
  result["reason"] = x.reason;
  return line(result);
}

std::string event_line(std::int64_t ts_ns, const calculator_adopted& x) {
  auto result = head(ts_ns, "adopted", x.worker_id);
  result["epoch"] = x.epoch.value;
  return line(result);
}

std::string event_line(std::int64_t ts_ns, const assignment_changed& x) {
  auto result = head(ts_ns, "assignment", x.worker_id);
  result["version"] = x.version.value;
  result["epoch"] = x.epoch.value;
  result["lifecycle"] = to_string(x.lifecycle);
  result["partitions"] = names_of(x.partitions);
  result["added"] = names_of(x.added);
  result["removed"] = names_of(x.removed);
  return line(result);
}

std::string event_line(std::int64_t ts_ns, const partitions_assigned& x) {
  auto result = head(ts_ns, "assigned", x.worker_id);
  result["version"] = x.granted_by.version.value;
  result["epoch"] = x.granted_by.epoch.value;
  result["exclusive"] = x.exclusive;
  result["partitions"] = reasons_of(x.partitions);
  return line(result);
}

std::string event_line(std::int64_t ts_ns, const partitions_revoked& x) {
  auto result = head(ts_ns, "revoked", x.worker_id);
  result["time_left_ms"] = x.time_left.count();
  result["partitions"] = reasons_of(x.partitions);
  return line(result);
}

std::string event_line(std::int64_t ts_ns, const partitions_lost& x) {
  auto result = head(ts_ns, "lost", x.worker_id);
  result["reason"] = x.why;
  result["time_left_ms"] = x.time_left.count();
  result["partitions"] = tokens_of(x.partitions);
  return line(result);
}

std::string event_line(std::int64_t ts_ns, const alert_raised& x) {
  auto result = head(ts_ns, "alert", x.worker_id);
  result["level"] = to_string(x.level);
  result["what"] = x.what;
  result["reason"] = x.why;
  result["age_ms"] = x.age.count();
  result["over"] = x.over;
  return line(result);
}

std::string event_line(std::int64_t ts_ns, const worker_stopped& x) {
  auto result = head(ts_ns, "stopped", x.worker_id);
  if (!x.failure.empty())
    result["failure"] = x.failure;
  return line(result);
}

std::string gap_line(std::int64_t ts_ns, std::uint64_t lines) {
  auto result = head(ts_ns, "lines_dropped", {});
  result["lines"] = lines;
  return line(result);
}

std::int64_t wall_clock_ns() {
  using namespace std::chrono;
  return duration_cast<nanoseconds>(system_clock::now().time_since_epoch()).count();
}

} // namespace partita::app
