// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/messages/interfaces.hpp"

#include <caf/scoped_actor.hpp>

#include <string>

/// How a process waits for its workers to end.
namespace partita::app {

struct worker_end {
  /// Why the worker gave up; empty after a graceful stop.
  std::string failure;
  /// False: it has not ended, and will not.
  bool in_time = true;
};

/// Makes the process end with a message where memory or a thread cannot be had and nothing
/// handles that: a library's or a destructor's. Other causes end it as before.
void report_exhaustion();

/// Closes the store and waits for that; not for ever.
void close(caf::scoped_actor& self, const store_actor& store);

/// Ends the process with this code, where threads that cannot be ended still run.
[[noreturn]] void end_at_once(int code);

/// For what cannot be ended in order any more.
[[noreturn]] void leave_at_once(const std::string& why);

} // namespace partita::app
