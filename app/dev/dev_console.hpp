// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/app/output/event_log.hpp"
#include "partita/messages/interfaces.hpp"
#include "partita/messages/message.hpp"

#include <caf/actor.hpp>
#include <caf/fwd.hpp>

#include <cstddef>
#include <memory>

namespace partita::app {

/// This worker was ended from outside and says nothing any more.
struct worker_killed {
  partita::worker_id worker_id;
  PARTITA_MESSAGE(worker_killed, x.worker_id)
};

/// INTERNAL: nothing has changed for a moment; for the newest pause only.
struct console_quiet {
  std::uint64_t ticket = 0;
  PARTITA_MESSAGE(console_quiet, x.ticket)
};

/// A listener for all workers of one process.
using dev_console_actor =
    listener_actor::extend<caf::reacts_to<worker_killed>, caf::reacts_to<console_quiet>>;

/// Prints what happens in a group of that many partitions and, whenever shares have
/// changed, a table of them: on stdout, or on stderr if stdout is for events. Writes
/// event lines to `log` (may be null). Passes every worker_stopped on to `waiting`.
dev_console_actor spawn_dev_console(caf::actor_system& sys, std::size_t partitions,
                                    std::shared_ptr<event_log> log, bool on_stderr,
                                    caf::actor waiting);

} // namespace partita::app
