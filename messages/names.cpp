// SPDX-License-Identifier: Apache-2.0
#include "partita/messages/codec.hpp"
#include "partita/messages/enumeration.hpp"
#include "partita/messages/events.hpp"
#include "partita/messages/session_terms.hpp"
#include "partita/messages/store.hpp"
#include "partita/messages/streams.hpp"

// The words for every enumeration. The compiler reports a word too few or too many.
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

/// word_of for an enumeration without `count`: `Last` is its last value.
template <auto Last, std::size_t N>
const char* word_up_to(decltype(Last) x, const char* const (&words)[N]) {
  static_assert(N == static_cast<std::size_t>(Last) + 1);
  auto i = static_cast<std::size_t>(x);
  return i < N ? words[i] : "?";
}

} // namespace

std::string_view to_string(lifecycle x) {
  return word_of(x, {"empty", "cold_start", "planned_scale", "emergency", "rebalance"});
}

std::string_view to_string(beat_state x) {
  return word_of(x, {"joining", "working", "draining", "stopped", "restarting",
                     "expelled", "forced"});
}

/// The words for all values of `type`, up to `last`.
#define PARTITA_WORDS(type, last, ...)                                                   \
  const char* to_string(type x) {                                                        \
    return word_up_to<type::last>(x, {__VA_ARGS__});                                     \
  }

PARTITA_WORDS(ownership, available, "exclusive", "available")
PARTITA_WORDS(worker_state, shutdown, "init", "claiming_id", "election",
              "waiting_assignment", "stable", "scaling", "rebalancing", "emergency",
              "degraded", "shutdown")
PARTITA_WORDS(write_status, refused, "done", "conflict", "not_connected", "unknown",
              "refused")
PARTITA_WORDS(read_status, refused, "found", "missing", "not_connected", "unknown",
              "refused")
PARTITA_WORDS(watch_change, bucket_changed, "value", "removed", "replayed", "alive",
              "restarted", "bucket_changed")
PARTITA_WORDS(open_status, refused, "opened", "missing", "foreign", "not_connected",
              "unknown", "refused")
PARTITA_WORDS(link_state, disconnected, "connecting", "connected", "disconnected")
PARTITA_WORDS(probe_status, unknown, "alive", "gone", "unknown")
PARTITA_WORDS(stream_status, refused, "done", "missing", "conflict", "not_connected",
              "unknown", "refused")
PARTITA_WORDS(stream_retention, work_queue, "limits", "interest", "work_queue")
PARTITA_WORDS(alert_level, critical, "info", "warn", "error", "critical")
PARTITA_WORDS(leave_mode, stop, "configured", "drain", "restart", "stop")

bool by_number::operator()(const worker_id& x, const worker_id& y) const {
  auto a = number_of(x);
  auto b = number_of(y);
  return a == b ? x.value < y.value : a < b;
}

} // namespace partita
