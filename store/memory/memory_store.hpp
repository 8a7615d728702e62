// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/messages/interfaces.hpp"

#include <caf/fwd.hpp>

namespace partita {

/// Starts a store that lives in this process, with the semantics of the one on NATS:
/// revisions of one sequence per bucket, TTL, delete marks, replay marks. Runs on the
/// actor system's clock, so that tests can set time. Its content is lost when it ends.
store_actor spawn_memory_store(caf::actor_system& sys);

} // namespace partita
