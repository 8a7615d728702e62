// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/core/time.hpp"

#include <functional>
#include <memory>
#include <string>

namespace partita {

/// Told until when the workers of a process may work, so that somebody outside of the actor
/// system can stop that work where the actors themselves are held up: by a host that blocks
/// their threads, a debugger, a frozen process. Called by workers, from their threads; must
/// not block. Any number of workers may share one.
class deadline_observer {
public:
  virtual ~deadline_observer() = default;

  /// All work of the worker must have stopped by `when`, on worker_clock::boottime: others may
  /// start then. Said again at each proof of life. `worker` names it for its whole life, for
  /// nobody else.
  virtual void must_stop_by(const std::string& worker, core::time_point when) = 0;

  /// No work of the worker goes on, until must_stop_by is said again.
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
