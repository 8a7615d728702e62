// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/messages/message.hpp"
#include "partita/messages/options.hpp"

#include <chrono>
#include <cstdint>
#include <optional>

namespace partita {

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
