// SPDX-License-Identifier: Apache-2.0
#include "partita/actors/supervisor/supervisor.hpp"

#include "partita/actors/supervisor/worker.hpp"
#include "partita/messages/exceptions.hpp"

#include <caf/actor_system.hpp>

namespace partita {

namespace {

using core::role;

/// Handles what the present run of this child reports, and drops what an earlier one did.
template <class Report, class F>
auto from(worker* w, role who, F handle) {
  return [=](const Report& x) {
    if (w->children.is_from(who, x))
      handle(x);
  };
}

/// For reports that end the session. Its time may have run out at the same moment: then
/// that ends it, and the outage of the store is still measured. A record that waited while
/// the process slept may be outdated.
template <class Report, class F>
auto in_time(worker* w, role who, F handle) {
  return [w, handle = from<Report>(w, who, handle)](const Report& x) {
    w->work.step(core::duties::tick{});
    handle(x);
  };
}

supervisor_actor::behavior_type supervisor(supervisor_pointer self,
                                           worker_options options, store_actor store,
                                           partition_source_actor source,
                                           const listener_actor& listener) {
  end_on_exception(self);
  state_of(self).worker = std::make_unique<worker>(
      self, std::move(options), std::move(store), std::move(source), listener);
  auto* w = state_of(self).worker.get();
  w->start();
  auto session = [w](const auto& x) { w->session.on(x); };
  auto leadership = [w](const auto& x) { w->leadership.on(x); };
  return {
      [w](get_status) { return w->status(); },
      [w](get_stats) { return w->stats(); },
      [w](const stop_worker& x) -> caf::result<worker_stopped> {
        return w->departure.ask(x.mode);
      },
      [w](const listener_actor& x) { w->work.add_listener(x); },
      [w](const session_listener_actor& x) { w->work.add_session_listener(x); },
      from<id_claimed>(w, role::registrar, session),
      from<id_lost>(w, role::registrar, session),
      from<session_started>(w, role::heartbeat,
                            [w](const auto&) {
                              w->context.log().debug("joined as {}",
                                                     w->context.incarnation.value);
                            }),
      from<session_extended>(w, role::heartbeat, session),
      from<session_waits>(w, role::heartbeat, session),
      from<record_followed>(w, role::watcher, session),
      [w](const store_trouble& x) { w->on(x); },
      in_time<session_over>(w, role::heartbeat, session),
      from<elected>(w, role::elector, leadership),
      from<deposed>(w, role::elector, [w](const auto& x) { w->leadership.stop(x.why); }),
      from<leader_seen>(
          w, role::elector,
          [w](const auto& x) { w->live(core::life::leader_seen{x.leader}); }),
      in_time<record_received>(w, role::watcher, [w](const auto& x) { w->on(x); }),
      in_time<record_lost>(w, role::watcher, session),
      [w](const adopted& x) { return w->leadership.on(x); },
      from<phase_changed>(w, role::calculator,
                          [w](const auto& x) {
                            w->live(core::life::phase_changed{x.phase, x.why});
                          }),
      from<superseded>(w, role::calculator, leadership),
      from<stepped_down>(w, role::calculator,
                         [w](const auto& x) { w->leadership.step_down(x.why); }),
      from<control_unknown>(
          w, role::calculator,
          [w](const auto& x) { w->alerts.found("control_unknown", x.why); }),
      [w](const entry_invalid& x) { w->on(x); },
      from<source_trouble>(w, role::calculator,
                           [w](const auto& x) {
                             if (!w->leaving())
                               w->alerts.found("partitions_unknown", x.why);
                             w->set_alarm();
                           }),
      from<settings_differ>(
          w, role::calculator,
          [w](const auto& x) { w->alerts.found("settings_differ", x.why); }),
      // Also from a roster that has ended.
      [w](const longer_ttl_seen& x) {
        w->context.longest_ttl = std::max(w->context.longest_ttl, x.ttl);
      },
      from<measured>(w, role::calculator,
                     [w](const auto& x) { w->leadership.led.add(x.news); }),
      [w](const partition_list& x) { w->on(x); },
      [](const partitions_unavailable&) {},
      [w](const link_changed& x) { w->on(x); },
      [w](const wake& x) { w->on(x); },
  };
}

} // namespace

supervisor_actor spawn_supervisor(caf::actor_system& sys, worker_options options,
                                  store_actor store, partition_source_actor source,
                                  listener_actor listener) {
  require_registered<open_bucket>();
  return sys.spawn(supervisor, std::move(options), std::move(store), std::move(source),
                   std::move(listener));
}

} // namespace partita
