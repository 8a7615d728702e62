// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "memory_server.hpp"
#include "partita/messages/interfaces.hpp"

#include <chrono>

/// The memory store of one process, where several share one server.
namespace partita::store {

/// One client of a memory server. A nonce that it serves is `gone` once it ends or its
/// connection is down, and `unknown` while its actor does not run.
using memory_store_actor =
    store_actor::extend<caf::reacts_to<link_changed>,
                        // From the server, for a client that probes.
                        caf::replies_to<server_probe>::with<probed>>;

/// As nats_options.
struct memory_client_options {
  std::chrono::milliseconds request_timeout{500};
  /// That of the server.
  std::chrono::milliseconds watch_heartbeat{500};
  /// False where a network between this client and the server may lose or hold back
  /// messages, as in a simulation. It reports the state of the connection with
  /// link_changed; at first the client is connected.
  bool answers_are_certain = true;
};

/// Starts one client of `server`: one for each process that is simulated.
memory_store_actor spawn_memory_client(caf::actor_system& sys, memory_server_actor server,
                                       memory_client_options options = {});

} // namespace partita::store
