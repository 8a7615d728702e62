// SPDX-License-Identifier: Apache-2.0
#include "partita/actors/supervisor/supervisor.hpp"

#include "partita/actors/supervisor/worker.hpp"

#include <caf/actor_system.hpp>

namespace partita {

namespace {

supervisor_actor::behavior_type supervisor(supervisor_pointer self,
                                           worker_options options, store_actor store,
                                           partition_source_actor source,
                                           listener_actor listener) {
  self->state.worker = std::make_unique<worker>(
      self, std::move(options), std::move(store), std::move(source), std::move(listener));
  auto* w = self->state.worker.get();
  self->set_down_handler([w](const caf::down_msg& x) { w->on(x); });
  w->start();
  return {
      [w](get_status) { return w->status(); },
      [w](get_stats) { return w->stats(); },
      [w](const stop_worker& x) -> caf::result<worker_stopped> {
        return w->stop(x.mode);
      },
      [w](const listener_actor& x) { w->add_listener(x); },
      [w](const session_listener_actor& x) { w->add_session_listener(x); },
      [w](const id_claimed& x) { w->session().on(x); },
      [w](const id_lost& x) { w->session().on(x); },
      [w](const session_started& x) { w->session().on(x); },
      [w](const session_extended& x) { w->session().on(x); },
      [w](const session_waits& x) { w->session().on(x); },
      [w](const record_followed& x) { w->session().on(x); },
      [w](const store_trouble& x) { w->on(x); },
      [w](const session_over& x) { w->session().on(x); },
      [w](const elected& x) { w->leadership().on(x); },
      [w](const deposed& x) { w->leadership().on(x); },
      [w](const leader_seen& x) { w->on(x); },
      [w](const record_received& x) { w->on(x); },
      [w](const record_lost& x) { w->session().on(x); },
      [w](const adopted& x) { return w->leadership().on(x); },
      [w](const phase_changed& x) { w->leadership().on(x); },
      [w](const superseded& x) { w->leadership().on(x); },
      [w](const stepped_down& x) { w->leadership().on(x); },
      [w](const control_unknown& x) { w->leadership().on(x); },
      [w](const entry_invalid& x) { w->on(x); },
      [w](const source_trouble& x) { w->leadership().on(x); },
      [w](const settings_differ& x) { w->leadership().on(x); },
      [w](const longer_ttl_seen& x) { w->on(x); },
      [w](const measured& x) { w->leadership().on(x); },
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
  return sys.spawn(supervisor, std::move(options), std::move(store), std::move(source),
                   std::move(listener));
}

} // namespace partita
