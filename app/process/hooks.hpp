// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/config/settings.hpp"
#include "partita/core/sidecar/hook_queue.hpp"
#include "partita/messages/consuming.hpp"
#include "partita/messages/interfaces.hpp"
#include "partita/messages/message.hpp"

#include <caf/fwd.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/typed_actor.hpp>

#include <array>
#include <string>

namespace partita::core {

template <class Inspector>
auto inspect(Inspector& f, hook_counts& x) {
  return f(caf::meta::type_name("hook_counts"), x.runs, x.failures, x.timeouts, x.running,
           x.waiting);
}

} // namespace partita::core

/// Commands that do the work of a worker (docs/sidecar.md).
namespace partita::app {

/// Requests the stats of the hooks' commands.
PARTITA_SIGNAL(get_hook_stats);

struct hook_stats {
  /// By core::hook_kind.
  std::array<core::hook_counts, count_of<core::hook_kind>> of{};
  PARTITA_MESSAGE(hook_stats, x.of)
};

/// Orders the hooks to end: no command is started or tried again any more. Answered once
/// all commands have ended, which takes a time-out for each at most.
PARTITA_SIGNAL(finish_hooks);

PARTITA_SIGNAL(hooks_finished);

/// The process of a run has ended, or `why` there is none.
struct hook_run_over {
  core::hook_queue::run_id run = 0;
  std::string why;
  PARTITA_MESSAGE(hook_run_over, x.run, x.why)
};

/// The HOOKS: a listener whose work is done by commands. Confirms what core::hook_queue lets
/// it confirm.
using hooks_actor =
    listener_actor::extend<caf::replies_to<get_hook_stats>::with<hook_stats>,
                           caf::replies_to<finish_hooks>::with<hooks_finished>,
                           handler<void(consumers_given)>,
                           // INTERNAL: a command has ended; time to end or begin one.
                           caf::reacts_to<hook_run_over>, caf::reacts_to<wake>>;

/// Has a thread of its own, for starting a program may block. `group`: its name, for the
/// commands' environment.
hooks_actor spawn_hooks(caf::actor_system& sys, const config::hooks_settings& settings,
                        std::string group);

/// Waits until the commands of a worker that has stopped have ended; not for ever.
void end_hooks(caf::scoped_actor& self, const hooks_actor& hooks,
               const config::hooks_settings& settings);

} // namespace partita::app
