// SPDX-License-Identifier: Apache-2.0
#include "partita/app/output/reporter.hpp"

#include "partita/app/output/event_lines.hpp"
#include "partita/messages/exceptions.hpp"

#include <caf/actor_system.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <utility>

namespace partita::app {

namespace {

struct reporter_state {
  std::shared_ptr<event_log> log;
  caf::actor waiting;
  std::shared_ptr<event_observer> observer;
  consumers_given consumers;
  static inline constexpr const char* name = "partita.reporter";

  template <class... Parts>
  void record(const Parts&... x) {
    if (log)
      log->write(event_line(wall_clock_ns(), x...));
    if constexpr (requires { observer->hear(x...); })
      observer->hear(x...);
  }
};

reporter_actor::behavior_type
reporter(reporter_actor::stateful_pointer<reporter_state> self,
         std::shared_ptr<event_log> log, caf::actor waiting,
         std::shared_ptr<event_observer> observer) {
  end_on_exception(self);
  self->state.log = std::move(log);
  self->state.waiting = std::move(waiting);
  self->state.observer = std::move(observer);
  return {
      [=](const worker_id_claimed& x) { self->state.record(x); },
      [=](const state_changed& x) { self->state.record(x); },
      [=](const leadership_changed& x) { self->state.record(x); },
      [=](const calculator_adopted& x) { self->state.record(x); },
      [=](const assignment_changed& x) { self->state.record(x); },
      [=](const partitions_assigned& x) { self->state.record(x, self->state.consumers); },
      [=](const partitions_revoked& x) {
        self->state.record(x);
        return work_stopped{};
      },
      [=](const partitions_lost& x) {
        self->state.record(x);
        return work_stopped{};
      },
      [=](const alert_raised& x) { self->state.record(x); },
      [=](const worker_stopped& x) {
        self->state.record(x);
        caf::anon_send(self->state.waiting, x);
      },
      [=](const consumers_given& x) { self->state.consumers.add(x); },
  };
}

} // namespace

reporter_actor spawn_reporter(caf::actor_system& sys, std::shared_ptr<event_log> log,
                              caf::actor waiting,
                              std::shared_ptr<event_observer> observer) {
  return sys.spawn<caf::detached>(reporter, std::move(log), std::move(waiting),
                                  std::move(observer));
}

} // namespace partita::app
