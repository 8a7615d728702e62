// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/messages/consuming.hpp"
#include "partita/messages/events.hpp"

#include <cstdint>
#include <string>

/// The events of a worker's listeners, as text for programs: one JSON object, without the
/// newline. Every line begins with `ts_ns` (wall clock, nanoseconds since 1970), `event`,
/// `group` and `worker_id`; partitions stand as their keys joined by '.'. docs/protocol.md lists
/// them.
namespace partita::app {

std::string event_line(std::int64_t ts_ns, const worker_id_claimed& x);
std::string event_line(std::int64_t ts_ns, const state_changed& x);
std::string event_line(std::int64_t ts_ns, const leadership_changed& x);
std::string event_line(std::int64_t ts_ns, const calculator_adopted& x);
std::string event_line(std::int64_t ts_ns, const assignment_changed& x);
/// With the consumer of each partition that has one.
std::string event_line(std::int64_t ts_ns, const partitions_assigned& x,
                       const consumers_given& consumers = {});
std::string event_line(std::int64_t ts_ns, const partitions_revoked& x);
std::string event_line(std::int64_t ts_ns, const partitions_lost& x);
std::string event_line(std::int64_t ts_ns, const alert_raised& x);
/// `failure` is there only if the worker gave up.
std::string event_line(std::int64_t ts_ns, const worker_stopped& x);
/// Stands where `lines` events were dropped because the reader stalled. Its worker_id is empty.
std::string gap_line(std::int64_t ts_ns, const std::string& group, std::uint64_t lines);

/// The wall clock as events show it: nanoseconds since 1970.
std::int64_t wall_clock_ns();

} // namespace partita::app
