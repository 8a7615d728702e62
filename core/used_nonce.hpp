// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/messages/ids.hpp"

#include <cstdint>

namespace partita::core {

/// Under what a worker writes a nonce.
enum class nonce_use : std::uint8_t {
  /// Its claim of an id.
  claim,
  /// The heartbeats of an incarnation.
  heartbeat,
  /// The same incarnation, about to say the goodbye `restarting`.
  restart,
  /// The leader key.
  leader
};

/// A nonce with which a worker may write from now on.
struct used_nonce {
  nonce_use use = nonce_use::heartbeat;
  worker_id who;
  nonce value;

  friend bool operator==(const used_nonce&, const used_nonce&) = default;
};

} // namespace partita::core
