// SPDX-License-Identifier: Apache-2.0
#include "partita/app/output/reporter.hpp"

#include "partita/app/output/event_lines.hpp"
#include "partita/config/duration.hpp"
#include "partita/messages/message.hpp"

#include <caf/actor_system.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <spdlog/spdlog.h>

#include <functional>
#include <utility>

namespace partita::app {

/// Patience with the first connection is over.
struct patience_over {
  PARTITA_MESSAGE(patience_over)
};

namespace {

using namespace std::chrono_literals;

// A server that answers within this time is not worth a warning.
constexpr auto patience = 1s;

struct reporter_state {
  std::shared_ptr<event_log> log;
  caf::actor waiting;
  std::function<void()> started;
  static inline constexpr const char* name = "partita.reporter";

  template <class Event>
  void record(const Event& x) {
    if (log)
      log->write(event_line(wall_clock_ns(), x));
  }

  void on(const state_changed& x) {
    record(x);
    if (x.to == worker_state::stable && started)
      std::exchange(started, nullptr)();
  }
};

listener_actor::behavior_type
reporter(listener_actor::stateful_pointer<reporter_state> self,
         std::shared_ptr<event_log> log, caf::actor waiting,
         std::function<void()> started) {
  self->state.log = std::move(log);
  self->state.waiting = std::move(waiting);
  self->state.started = std::move(started);
  return {
      [=](const worker_id_claimed& x) { self->state.record(x); },
      [=](const state_changed& x) { self->state.on(x); },
      [=](const leadership_changed& x) { self->state.record(x); },
      [=](const calculator_adopted& x) { self->state.record(x); },
      [=](const assignment_changed& x) { self->state.record(x); },
      [=](const partitions_assigned& x) { self->state.record(x); },
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
  };
}

using link_reporter_actor = link_listener_actor::extend<caf::reacts_to<patience_over>>;

struct link_reporter_state {
  std::string urls;
  std::chrono::milliseconds startup{0};
  link_changed last;
  static inline constexpr const char* name = "partita.link_reporter";

  void warn_if_missing() {
    if (last.state != link_state::connecting)
      return;
    spdlog::warn("no NATS server at {}{}{}; trying for {}", urls,
                 last.why.empty() ? "" : ": ", last.why,
                 config::format_duration(startup));
  }
};

link_reporter_actor::behavior_type
link_reporter(link_reporter_actor::stateful_pointer<link_reporter_state> self,
              std::string urls, std::chrono::milliseconds startup) {
  self->state.urls = std::move(urls);
  self->state.startup = startup;
  self->delayed_send(self, patience, patience_over{});
  return {
      [=](const link_changed& x) { self->state.last = x; },
      [=](patience_over) { self->state.warn_if_missing(); },
  };
}

} // namespace

listener_actor spawn_reporter(caf::actor_system& sys, std::shared_ptr<event_log> log,
                              caf::actor waiting, std::function<void()> started) {
  return sys.spawn<caf::detached>(reporter, std::move(log), std::move(waiting),
                                  std::move(started));
}

link_listener_actor spawn_link_reporter(caf::actor_system& sys, std::string urls,
                                        std::chrono::milliseconds startup) {
  return sys.spawn(link_reporter, std::move(urls), startup);
}

} // namespace partita::app
