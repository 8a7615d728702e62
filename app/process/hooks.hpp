#pragma once

#include "partita/config/settings.hpp"
#include "partita/core/sidecar/hook_queue.hpp"
#include "partita/messages/interfaces.hpp"

#include <caf/fwd.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/typed_actor.hpp>

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

/// Asks the hooks how their commands have fared.
struct get_hook_figures {
  template <class Inspector>
  friend auto inspect(Inspector& f, get_hook_figures&) {
    return f(caf::meta::type_name("get_hook_figures"));
  }
};

struct hook_figures {
  core::hook_counts assigned;
  core::hook_counts revoked;
  core::hook_counts lost;
  core::hook_counts state;

  template <class Inspector>
  friend auto inspect(Inspector& f, hook_figures& x) {
    return f(caf::meta::type_name("hook_figures"), x.assigned, x.revoked, x.lost,
             x.state);
  }
};

/// Asks the hooks to come to an end: nothing is begun or tried again any more. Answered once
/// all commands have ended, which takes a time-out for each at most.
struct finish_hooks {
  template <class Inspector>
  friend auto inspect(Inspector& f, finish_hooks&) {
    return f(caf::meta::type_name("finish_hooks"));
  }
};

struct hooks_finished {
  template <class Inspector>
  friend auto inspect(Inspector& f, hooks_finished&) {
    return f(caf::meta::type_name("hooks_finished"));
  }
};

/// The process of a run has ended, or `why` there is none.
struct hook_run_over {
  core::hook_queue::run_id run = 0;
  std::string why;

  template <class Inspector>
  friend auto inspect(Inspector& f, hook_run_over& x) {
    return f(caf::meta::type_name("hook_run_over"), x.run, x.why);
  }
};

/// The HOOKS: a listener whose work is done by commands. Confirms what core::hook_queue lets
/// it confirm.
using hooks_actor =
    listener_actor::extend<caf::replies_to<get_hook_figures>::with<hook_figures>,
                           caf::replies_to<finish_hooks>::with<hooks_finished>,
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
