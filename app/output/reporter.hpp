// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/app/output/event_log.hpp"
#include "partita/messages/interfaces.hpp"

#include <caf/actor.hpp>
#include <caf/fwd.hpp>

#include <functional>
#include <memory>

namespace partita::app {

/// A listener that writes one event line for each event, and passes worker_stopped on to
/// `waiting`. Has a thread of its own, because a line may be large. `log` may be null: no
/// events are written. `changed` is called on that thread. (The supervisor itself logs what
/// happens.)
listener_actor spawn_reporter(caf::actor_system& sys, std::shared_ptr<event_log> log,
                              caf::actor waiting,
                              std::function<void(const state_changed&)> changed);

} // namespace partita::app
