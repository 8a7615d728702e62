// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/app/output/event_log.hpp"
#include "partita/messages/interfaces.hpp"
#include "partita/messages/message.hpp"

#include <caf/actor.hpp>
#include <caf/fwd.hpp>

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace partita::app {

/// What an observer of a whole group needs: who leads, and who owns what. Fed with the
/// events of the workers' listeners; has no clock and prints nothing.
class ownership_table {
public:
  explicit ownership_table(std::size_t partitions) : partitions_(partitions) {}

  // -- what happened: each gives a line for people, or nothing --------------------------

  std::string apply(const worker_id_claimed& x);
  std::string apply(const leadership_changed& x);
  std::string apply(const assignment_changed& x);
  std::string apply(const worker_stopped& x);
  /// The worker was ended without a chance to say anything.
  std::string apply_killed(const worker_id& who);

  // -- what is --------------------------------------------------------------------------

  /// Shares have changed since the last table.
  bool changed() const { return changed_; }

  /// One row for each worker and a line that says whether all is owned.
  std::string take_table();

private:
  struct share {
    std::vector<std::string> names;
    partita::version version;
  };

  std::string forget(const worker_id& who, const std::string& how);
  std::string summary() const;

  std::size_t partitions_;
  bool changed_ = false;
  worker_id leader_;
  std::map<worker_id, share, by_number> shares_;
};

/// This worker was ended from outside and says nothing any more.
struct worker_killed {
  partita::worker_id worker_id;
  PARTITA_MESSAGE(worker_killed, x.worker_id)
};

/// A listener for all workers of one process.
using dev_console_actor =
    listener_actor::extend<caf::reacts_to<worker_killed>,
                           // INTERNAL: nothing has changed for a moment.
                           caf::reacts_to<wake>>;

/// Prints what happens in a group of that many partitions and, whenever shares have
/// changed, a table of them: on stdout, or on stderr if stdout is for events. Writes
/// event lines to `log` (may be null). Passes every worker_stopped on to `waiting`.
dev_console_actor spawn_dev_console(caf::actor_system& sys, std::size_t partitions,
                                    std::shared_ptr<event_log> log, bool on_stderr,
                                    caf::actor waiting);

} // namespace partita::app
