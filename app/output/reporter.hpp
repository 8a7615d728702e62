// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/app/output/event_log.hpp"
#include "partita/messages/consuming.hpp"
#include "partita/messages/interfaces.hpp"

#include <caf/actor.hpp>
#include <caf/fwd.hpp>

#include <memory>

namespace partita::app {

/// The REPORTER.
using reporter_actor = listener_actor::extend<handler<void(consumers_given)>>;

/// Is called in the reporter's thread, with what others have not received yet.
class event_observer {
public:
  virtual ~event_observer() = default;
  virtual void hear(const worker_id_claimed&) {}
  virtual void hear(const state_changed&) {}
  virtual void hear(const leadership_changed&) {}
  virtual void hear(const assignment_changed&) {}
  virtual void hear(const worker_stopped&) {}
};

/// A listener that writes one event line for each event, and passes worker_stopped on to
/// `waiting`. Has a thread of its own, because a line may be large. `log` may be null: no
/// events are written. (The supervisor itself logs what happens.)
reporter_actor spawn_reporter(caf::actor_system& sys, std::shared_ptr<event_log> log,
                              caf::actor waiting,
                              std::shared_ptr<event_observer> observer);

} // namespace partita::app
