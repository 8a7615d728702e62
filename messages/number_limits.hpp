// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/messages/ids.hpp"

#include <algorithm>

/// Which epochs and versions an entry of the store may name. A greater one was not
/// written by this group: accepted, it would use up the numbers that are left below 2^53.
namespace partita {

/// The longest heartbeat.ttl that an incarnation can state, in milliseconds: one day.
inline constexpr std::uint64_t longest_ttl_ms = 24 * 60 * 60 * 1000;

/// An epoch is at most so far ahead of the server's clock at the write of the entry that
/// names it. Clocks of a group differ by less.
inline constexpr std::uint64_t epoch_lead_seconds = 24 * 60 * 60;

/// `stored_at_ns`: the server's time stamp of the entry, nanoseconds since 1970; 0: not
/// known, then only what no JSON reader keeps exactly is too much.
///
/// No sequence of leader changes runs out of numbers: who finds epoch e in an entry that
/// was stored at second t takes e + 1 at t + 1 or later, and the limit grows by 1 a
/// second; in each second it has room for 2^20 versions more (docs/protocol.md, Numbers).
inline epoch greatest_epoch(std::int64_t stored_at_ns) {
  // All versions of this one stay below 2^53.
  auto last = max_exact_number / versions_per_epoch - 2;
  if (stored_at_ns <= 0)
    return {last};
  auto second = static_cast<std::uint64_t>(stored_at_ns) / 1'000'000'000;
  return {std::min(second + epoch_lead_seconds, last)};
}

/// The versions of an epoch begin above epoch x versions_per_epoch.
inline version greatest_version(std::int64_t stored_at_ns) {
  return {(greatest_epoch(stored_at_ns).value + 1) * versions_per_epoch};
}

} // namespace partita
