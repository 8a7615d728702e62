// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/app/process/process_exit.hpp"

#include <chrono>
#include <functional>

namespace partita::app {

/// How a worker comes and goes.
struct worker_runner {
  /// Spawns a worker and notifies all parts that need its handle.
  std::function<supervisor_actor()> start;
  /// That worker has ended, and perhaps another one will come.
  std::function<void()> ended;
  /// True: a worker takes part only while the application calls (application_changed).
  bool waits_for_application = false;
  /// How long leaving may take.
  std::chrono::milliseconds limit{0};
};

/// Runs one worker after the other, as core::application_presence decides, until `self`
/// gets stop_worker or a worker gives up. `self` must get the worker's last event
/// (worker_stopped) from one of its listeners.
worker_end live(caf::scoped_actor& self, const worker_runner& life);

} // namespace partita::app
