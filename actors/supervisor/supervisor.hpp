// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/actors/options.hpp"
#include "partita/messages/interfaces.hpp"

namespace partita {

/// Starts one worker: it claims an id, takes part in the election, sends heartbeats,
/// follows its record, and leads the group when it is elected. `listener` (may be null)
/// receives all events from the first one on. The worker ends by stop_worker, or by
/// itself when it cannot take part (no server or no free id within timeouts.startup);
/// worker_stopped is the last event either way.
///
/// The caller must keep the handle until then: CAF may end an actor without references.
/// Neither the store nor the source is stopped with the worker: both may serve many
/// workers.
supervisor_actor spawn_supervisor(caf::actor_system& sys, worker_options options,
                                  store_actor store, partition_source_actor source,
                                  listener_actor listener);

} // namespace partita
