// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/messages/interfaces.hpp"
#include "partita/messages/options.hpp"

#include <caf/fwd.hpp>

namespace partita {

/// Starts the store on NATS JetStream KV. Connects in the background, without a limit;
/// requests before that are answered `not_connected`. One store serves any number of
/// workers. It ends with the last handle to it or to one of its buckets.
store_actor spawn_nats_store(caf::actor_system& sys, nats_options options);

} // namespace partita
