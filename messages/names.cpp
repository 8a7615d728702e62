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
  return word_up_to<write_status::refused>(
      x, {"done", "conflict", "not_connected", "unknown", "refused"});
}

const char* to_string(read_status x) {
  return word_up_to<read_status::refused>(
      x, {"found", "missing", "not_connected", "unknown", "refused"});
}

const char* to_string(watch_change x) {
  return word_up_to<watch_change::bucket_changed>(
      x, {"value", "removed", "replayed", "alive", "restarted", "bucket_changed"});
}

const char* to_string(open_status x) {
  return word_up_to<open_status::refused>(
      x, {"opened", "missing", "foreign", "not_connected", "unknown", "refused"});
}

const char* to_string(link_state x) {
  return word_up_to<link_state::disconnected>(
      x, {"connecting", "connected", "disconnected"});
}

const char* to_string(probe_status x) {
  return word_up_to<probe_status::unknown>(x, {"alive", "gone", "unknown"});
}

const char* to_string(stream_status x) {
  return word_up_to<stream_status::refused>(
      x, {"done", "missing", "conflict", "not_connected", "unknown", "refused"});
}

const char* to_string(stream_retention x) {
  return word_of(x, {"limits", "interest", "work_queue"});
}

const char* to_string(alert_level x) {
  return word_of(x, {"info", "warn", "error", "critical"});
}

const char* to_string(leave_mode x) {
  return word_up_to<leave_mode::stop>(x, {"configured", "drain", "restart", "stop"});
}

bool by_number::operator()(const worker_id& x, const worker_id& y) const {
  auto a = number_of(x);
  auto b = number_of(y);
  return a == b ? x.value < y.value : a < b;
}

} // namespace partita
