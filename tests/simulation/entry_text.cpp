// SPDX-License-Identifier: Apache-2.0
#include "entry_text.hpp"

#include "partita/messages/codec.hpp"

#include <spdlog/fmt/fmt.h>

namespace partita::simulation {

namespace {

template <class Range, class F>
std::string list_of(const Range& xs, F f) {
  std::string result = "[";
  for (const auto& x : xs)
    result += (result.size() > 1 ? " " : "") + f(x);
  return result + "]";
}

std::string text_of(const stamp& x) {
  return x.version.value == 0
             ? std::string{"nothing"}
             : short_text(x.version)
                   + (x.version.value / versions_per_epoch == x.epoch.value
                          ? std::string{}
                          : " sealed by " + short_text(x.epoch));
}

std::string text_of(const record& x) {
  return fmt::format(
      "{} of {} to {} {} revoking {}{}", text_of(stamp_of(x)),
      x.leader.value.empty() ? "the worker" : x.leader.value, short_text(x.worker_nonce),
      list_of(x.partitions,
              [](const grant& y) {
                return name_of(y.partition) + "@" + short_text(y.token);
              }),
      list_of(x.revoking, [](const auto& y) { return name_of(y.partition); }),
      x.standby == 0 ? std::string{} : fmt::format(" standby {}", x.standby));
}

std::string text_of(const stored_record& x) {
  return text_of(x.value)
         + (x.parts.numbers.empty()
                ? std::string{}
                : fmt::format(" in parts {}", fmt::join(x.parts.numbers, " ")));
}

std::string text_of(const beat& x) {
  return fmt::format(
      "{} {}{} applied {}{}{}", short_text(x.nonce), to_string(x.state),
      x.replaces.value.empty() ? std::string{} : " replaces " + short_text(x.replaces),
      text_of(x.applied),
      x.seen == x.applied ? std::string{} : " seen " + text_of(x.seen),
      x.stopping.empty() ? std::string{} : " stopping " + list_of(x.stopping, name_of));
}

std::string text_of(const epoch_entry& x) {
  return fmt::format("{} of {} {}{}{}{}", short_text(x.epoch), x.leader.value,
                     short_text(x.nonce), x.server_id.empty() ? "" : " on server ",
                     x.server_id, x.waits_ms == 0 ? "" : " waits: " + x.waits_for);
}

std::string text_of(const leader_entry& x) {
  return fmt::format("{} {}", x.worker_id.value, short_text(x.nonce));
}

std::string text_of(const claim& x) {
  return fmt::format("{}{}{}", short_text(x.nonce),
                     x.instance.empty() ? "" : " in " + x.instance,
                     x.released ? ", released" : "");
}

template <class T>
std::string text_or_value(const decoded<T>& x, const kv_entry& entry) {
  const auto* read = std::get_if<T>(&x);
  return read ? text_of(*read) : entry.value;
}

bool begins(const kv_entry& x, std::string_view with) {
  return std::string_view{x.key}.substr(0, with.size()) == with;
}

/// The values of both, if they can be read and are equal after `f`.
template <class T, class F>
bool same(const decoded<T>& x, const decoded<T>& y, F f) {
  const auto* a = std::get_if<T>(&x);
  const auto* b = std::get_if<T>(&y);
  return a && b && f(*a) == f(*b);
}

} // namespace

std::string short_text(epoch x) {
  constexpr auto base = static_cast<std::uint64_t>(wall_start_seconds);
  return x.value >= base ? fmt::format("e{}", x.value - base)
                         : fmt::format("E{}", x.value);
}

std::string short_text(version x) {
  return fmt::format("{}.{}", short_text(epoch{x.value / versions_per_epoch}),
                     x.value % versions_per_epoch);
}

std::string short_text(const nonce& x) {
  return x.value.substr(0, 6);
}

std::string short_text(const kv_entry& x) {
  if (x.removed)
    return "(removed)";
  if (begins(x, "heartbeat."))
    return text_or_value(beat_from(x.value, x.stored_at_ns), x);
  if (begins(x, "assignment."))
    return text_or_value(stored_record_from(x.value, x.stored_at_ns), x);
  if (x.key == "epoch")
    return text_or_value(epoch_from(x.value, x.stored_at_ns), x);
  if (x.key == "leader")
    return text_or_value(leader_from(x.value), x);
  return text_or_value(claim_from(x.value), x);
}

bool is_routine(const kv_entry& now, const std::optional<kv_entry>& before) {
  if (!before || before->removed || now.removed)
    return false;
  if (begins(now, "heartbeat."))
    return same(beat_from(now.value, now.stored_at_ns),
                beat_from(before->value, before->stored_at_ns), [](beat x) {
                  x.at = 0;
                  return x;
                });
  if (now.key == "leader")
    return same(leader_from(now.value), leader_from(before->value),
                [](const leader_entry& x) { return x.nonce; });
  if (begins(now, "worker-"))
    return same(claim_from(now.value), claim_from(before->value), [](claim x) {
      x.renewed_at = 0;
      return x;
    });
  return false;
}

} // namespace partita::simulation
