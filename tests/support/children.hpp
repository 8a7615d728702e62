// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/actors/calculator.hpp"
#include "partita/actors/children.hpp"
#include "partita/core/worker/restarts.hpp"

namespace partita::test {

using core::role;

template <class Handle, class State>
caf::actor_addr child_of(const supervisor_actor& parent, caf::resumable* job) {
  auto* x = dynamic_cast<typename Handle::template stateful_pointer<State>>(job);
  return x && x->state.parent == parent ? x->address() : caf::actor_addr{};
}

/// The actor behind a job, if it is this child of this worker.
inline caf::actor_addr child_of(const supervisor_actor& parent, role which,
                                caf::resumable* job) {
  switch (which) {
  case role::registrar:
    return child_of<registrar_actor, registrar_state>(parent, job);
  case role::heartbeat:
    return child_of<heartbeat_actor, heartbeat_state>(parent, job);
  case role::elector:
    return child_of<elector_actor, elector_state>(parent, job);
  case role::watcher:
    return child_of<watcher_actor, watcher_state>(parent, job);
  case role::roster:
    return child_of<roster_actor, roster_state>(parent, job);
  case role::calculator:
    return child_of<calculator_actor, calculator_state>(parent, job);
  case role::count:
    break;
  }
  return {};
}

} // namespace partita::test
