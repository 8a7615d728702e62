// SPDX-License-Identifier: Apache-2.0
#include "partita/messages/codec.hpp"
#include "partita/messages/enumeration.hpp"
#include "partita/messages/events.hpp"
#include "partita/messages/session_terms.hpp"
#include "partita/messages/store.hpp"

// The words for every enumeration. The compiler reports a forgotten one: `word_of` has them
// all, and no `switch` has a `default`.
namespace partita {

namespace {

/// The number at the end of an id, modulo 2^64; ids without one come first. By hand: each look
/// into a map of workers compares many ids.
std::uint64_t number_of(const worker_id& x) {
  std::uint64_t result = 0;
  std::uint64_t place = 1;
  for (auto i = x.value.rbegin(); i != x.value.rend() && *i >= '0' && *i <= '9'; ++i) {
    result += static_cast<std::uint64_t>(*i - '0') * place;
    place *= 10;
  }
  return result;
}

} // namespace

const char* to_string(ownership x) {
  return word_of(x, {"exclusive", "available"});
}

std::string_view to_string(lifecycle x) {
  return word_of(x, {"empty", "cold_start", "planned_scale", "emergency", "rebalance"});
}

std::string_view to_string(beat_state x) {
  return word_of(x, {"joining", "working", "draining", "stopped", "restarting",
                     "expelled", "forced"});
}

const char* to_string(worker_state x) {
  return word_of(x, {"init", "claiming_id", "election", "waiting_assignment", "stable",
                     "scaling", "rebalancing", "emergency", "degraded", "shutdown"});
}

const char* to_string(write_status x) {
  switch (x) {
  case write_status::done:
    return "done";
  case write_status::conflict:
    return "conflict";
  case write_status::not_connected:
    return "not_connected";
  case write_status::unknown:
    return "unknown";
  case write_status::refused:
    return "refused";
  }
  return "?";
}

const char* to_string(read_status x) {
  switch (x) {
  case read_status::found:
    return "found";
  case read_status::missing:
    return "missing";
  case read_status::not_connected:
    return "not_connected";
  case read_status::unknown:
    return "unknown";
  case read_status::refused:
    return "refused";
  }
  return "?";
}

const char* to_string(watch_change x) {
  switch (x) {
  case watch_change::value:
    return "value";
  case watch_change::removed:
    return "removed";
  case watch_change::replayed:
    return "replayed";
  case watch_change::alive:
    return "alive";
  case watch_change::restarted:
    return "restarted";
  case watch_change::bucket_changed:
    return "bucket_changed";
  }
  return "?";
}

const char* to_string(open_status x) {
  switch (x) {
  case open_status::opened:
    return "opened";
  case open_status::missing:
    return "missing";
  case open_status::foreign:
    return "foreign";
  case open_status::not_connected:
    return "not_connected";
  case open_status::unknown:
    return "unknown";
  case open_status::refused:
    return "refused";
  }
  return "?";
}

const char* to_string(link_state x) {
  switch (x) {
  case link_state::connecting:
    return "connecting";
  case link_state::connected:
    return "connected";
  case link_state::disconnected:
    return "disconnected";
  }
  return "?";
}

const char* to_string(probe_status x) {
  switch (x) {
  case probe_status::alive:
    return "alive";
  case probe_status::gone:
    return "gone";
  case probe_status::unknown:
    return "unknown";
  }
  return "?";
}

const char* to_string(alert_level x) {
  return word_of(x, {"info", "warn", "error", "critical"});
}

const char* to_string(leave_mode x) {
  switch (x) {
  case leave_mode::configured:
    return "configured";
  case leave_mode::drain:
    return "drain";
  case leave_mode::restart:
    return "restart";
  case leave_mode::stop:
    return "stop";
  }
  return "?";
}

bool by_number::operator()(const worker_id& x, const worker_id& y) const {
  auto a = number_of(x);
  auto b = number_of(y);
  return a == b ? x.value < y.value : a < b;
}

} // namespace partita
