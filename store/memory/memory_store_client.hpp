// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/messages/interfaces.hpp"
#include "partita/store/memory/memory_server.hpp"

#include <chrono>

/// One process's store in memory, where several share one server.
namespace partita::store {

/// One client of a memory server. What it serves is `gone` once it ends or its connection
/// is down, and `unknown` while its actor does not run.
using memory_store_actor =
    store_actor::extend<caf::reacts_to<link_changed>,
                        // From the server, for whoever asks it.
                        caf::replies_to<server_probe>::with<probed>>;

/// As nats_options.
struct memory_client_options {
  std::chrono::milliseconds request_timeout{500};
  /// The server's own.
  std::chrono::milliseconds watch_heartbeat{500};
  /// False where something stands between this client and the server that may lose or
  /// keep messages, as in a simulation. It tells the client of the connection by
  /// link_changed; at first there is one.
  bool answers_are_certain = true;
};

/// Starts one client of `server`: as many as processes are to be played.
memory_store_actor spawn_memory_client(caf::actor_system& sys, memory_server_actor server,
                                       memory_client_options options = {});

} // namespace partita::store
