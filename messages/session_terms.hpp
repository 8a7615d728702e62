// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/messages/message.hpp"

#include <chrono>
#include <cstdint>
#include <optional>

namespace partita {

/// What a worker does with its partitions while its heartbeats are not acknowledged.
enum class ownership : std::uint8_t {
  /// It stops in time: no partition ever has two owners.
  exclusive,
  /// It goes on: no partition is ever left alone, but it may have two owners.
  available,
  count
};

const char* to_string(ownership x);

/// The settings of an incarnation. Its heartbeats and its record state them, so that
/// others wait for its end as long as it may take, whatever their own settings are.
struct session_terms {
  /// Its heartbeat.ttl; 0: not stated (by older programs).
  std::chrono::milliseconds ttl{0};
  /// Nothing: not stated.
  std::optional<partita::ownership> ownership;
  PARTITA_MESSAGE(session_terms, x.ttl)
};

} // namespace partita
