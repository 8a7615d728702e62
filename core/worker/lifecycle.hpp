// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/messages/events.hpp"

namespace partita::core {

/// The life of a worker:
///
///   init -> claiming_id -> election -> waiting_assignment -> stable
///                 ^                                            ^
///                 | session or id lost                         v
///          (any but shutdown)              scaling, rebalancing, emergency
///
/// and from any state to degraded (and back to the state before it, or to claiming_id)
/// and to shutdown, which is the end. Scaling, rebalancing and emergency are shown while
/// this worker leads and does that; an emergency may also interrupt the other two.
///
/// `before_degraded`: the state that degraded was entered from; only read if `from` is
/// degraded. A state is no change of itself.
bool may_change(worker_state from, worker_state to, worker_state before_degraded);

} // namespace partita::core
