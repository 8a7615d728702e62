// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "world.hpp"

#include "partita/actors/worker_clock.hpp"
#include "partita/messages/interfaces.hpp"

namespace partita::simulation {

/// How an application reacts to an order to stop.
enum class listener_manner : std::uint8_t {
  /// Stops at once.
  prompt,
  /// Takes its time, up to all the time that it is given.
  slow,
  /// Does not stop for a revocation; only the loss of its session makes it stop.
  stubborn
};

/// Sees what an application does.
struct work_observer {
  virtual ~work_observer() = default;
  virtual void begins(process_id, const grant&, stamp granted_by) = 0;
  virtual void told_to_stop(process_id, const partition&, bool lost) = 0;
  virtual void ends(process_id, const partition&) = 0;
  virtual void leads(process_id, bool) = 0;
  virtual void stopped(process_id, const std::string& failure) = 0;
};

struct application_options {
  process_id owner = no_process;
  listener_manner manner = listener_manner::prompt;
  worker_clock clock;
  /// What a slow one needs at most, on its own clock.
  core::duration slowest{0};
  /// While it holds, all applications are prompt.
  const bool* peace = nullptr;
  /// Takes the record as the order to work, for workers that do not give it otherwise.
  bool by_record = false;
};

/// The application of one process: works on what it is assigned, and keeps no other state
/// than a real one would. An order to stop that it finds when its process wakes up from a
/// freeze is old by an unknown time: it is obeyed at once.
listener_actor spawn_application(world& w, application_options options,
                                 work_observer& observer);

/// A source whose list the world sets.
using source_actor = partition_source_actor::extend<caf::reacts_to<partition_list>>;

/// A partition source of one process.
source_actor spawn_source(world& w, std::vector<partition> first);

} // namespace partita::simulation
