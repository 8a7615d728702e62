// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "memory/memory_store_client.hpp"
#include "memory_faults.hpp"

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/fwd.hpp>
#include <caf/typed_response_promise.hpp>

/// A client of a memory store, and the faults of the way between it and the server.
namespace partita::test {

/// INTERNAL to the proxy: a write on its way. Where it waits, it waits as a message: a
/// promise in the state of the actor that gave it keeps that actor alive.
struct write_under_way {
  store::server_write what;
  caf::typed_response_promise<kv_written> promise;
  bool answer_lost = false;
};

} // namespace partita::test

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(partita::test::write_under_way)

namespace partita::test {

/// Stands between one client and the server: it is the server to the client, and the
/// client to the server. Answers and deliveries pass it in the order in which they come.
///
/// A fault is in force for what its bucket is asked after it was switched on.
using fault_proxy_actor = store::memory_server_actor::extend<
    // From the test.
    caf::reacts_to<client_fault>,
    // From the server.
    caf::reacts_to<store::delivery>, caf::reacts_to<store::consumer_heartbeat>,
    // INTERNAL: whose proxy it is; a late write is due.
    caf::reacts_to<store::memory_store_actor>, caf::reacts_to<write_under_way>>;

struct faulty_client {
  store::memory_store_actor client;
  /// Takes the faults that strike `client`.
  fault_proxy_actor faults;
};

/// Starts one client of `server` behind a proxy of its own. Does not trust that its
/// requests are answered, whatever `options` say.
faulty_client spawn_faulty_client(caf::actor_system& sys,
                                  store::memory_server_actor server,
                                  store::memory_client_options options = {});

} // namespace partita::test
