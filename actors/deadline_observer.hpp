// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/core/time.hpp"

#include <functional>
#include <memory>
#include <string>

namespace partita {

/// Receives until when the workers of a process may work, to stop that work from outside of the
/// actor system when the actors are blocked: by a host that occupies their threads, a debugger,
/// a frozen process. Called by workers, from their threads; must not block. Any number of
/// workers may share one.
class deadline_observer {
public:
  virtual ~deadline_observer() = default;

  /// All work of the worker must have stopped by `when`, on worker_clock::boottime: others may
  /// start then. Repeated at each acknowledged heartbeat. `worker` identifies one supervisor
  /// for its whole life.
  virtual void must_stop_by(const std::string& worker, core::time_point when) = 0;

  /// No work of the worker goes on, until the next must_stop_by.
  virtual void stopped(const std::string& worker) = 0;
};

/// Ends the process (with exit code 1 and a line on stderr) when a deadline passes without a
/// word. The right choice where all work ends with the process.
std::shared_ptr<deadline_observer> end_process_at_deadline();

/// Calls `missed` with the worker's name, on a thread of its own, when a deadline passes without
/// a word; once for each. It must stop the work by itself, soon and without the actor system.
std::shared_ptr<deadline_observer>
call_at_deadline(std::function<void(const std::string& worker)> missed);

} // namespace partita
