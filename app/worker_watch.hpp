#pragma once

#include "partita/messages/interfaces.hpp"

#include <caf/scoped_actor.hpp>

#include <chrono>
#include <string>

/// How a process waits for its workers to end.
namespace partita::app {

struct worker_end {
  /// Why the worker gave up; empty after a graceful stop.
  std::string failure;
  /// False: it has not ended, and will not.
  bool in_time = true;
};

/// Waits until the reporter passes the worker's last event on to `self`. A stop_worker
/// that `self` gets goes on to the worker, which then has `limit` and a little more.
worker_end wait_for_end(caf::scoped_actor& self, const supervisor_actor& worker,
                        std::chrono::milliseconds limit);

/// Closes the store and waits for that; not for ever.
void close(caf::scoped_actor& self, const store_actor& store);

/// For what cannot be ended in order any more.
[[noreturn]] void leave_at_once(const std::string& why);

} // namespace partita::app
