// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/core/time.hpp"
#include "partita/core/used_nonce.hpp"

#include <functional>
#include <memory>
#include <string>

namespace partita {

/// Receives the time until which the workers of a process may work, to stop their work
/// from outside of the actor system when the actors are blocked: by a host that occupies
/// their threads, by a debugger, in a frozen process. Called by workers, on their
/// threads; must not block. Any number of workers may share one.
class deadline_observer {
public:
  virtual ~deadline_observer() = default;

  /// All work of the worker must have stopped by `when` (worker_clock::boottime): other
  /// workers may start then. Called again at each acknowledged heartbeat. `worker` names
  /// one supervisor for its whole life.
  virtual void must_stop_by(const std::string& worker, core::time_point when) = 0;

  /// All work of the worker has stopped; none starts before the next must_stop_by.
  virtual void stopped(const std::string& worker) = 0;

  /// A worker may write with this nonce from now on. Who outlives the process, and knows
  /// that all work has ended with it, can then say goodbye in its place.
  virtual void used(const core::used_nonce&) {}
};

/// Ends the process (exit code 1, a line on stderr) when a deadline passes and the worker
/// has not confirmed. The right choice where all work ends with the process. Below
/// `partita guard` the guard receives it as well: it ends what the process has started, and the
/// process itself where that is frozen, and says goodbye for the workers of a process that dies.
std::shared_ptr<deadline_observer> end_process_at_deadline();

/// Calls `missed` with the worker's name, on a thread of its own, once for each deadline
/// that passes unconfirmed. It must stop the work itself, soon, without the actor system.
std::shared_ptr<deadline_observer>
call_at_deadline(std::function<void(const std::string& worker)> missed);

} // namespace partita
