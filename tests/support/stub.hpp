// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <caf/actor.hpp>
#include <caf/actor_system.hpp>
#include <caf/behavior.hpp>
#include <caf/event_based_actor.hpp>

#include <utility>

namespace partita::test {

/// An actor that stands in for another one, and does no more than this. (The behavior is an
/// argument, as CAF 0.17.6 binds a null reference where a function takes none, and UBSan
/// stops there.)
template <class... Handlers>
caf::actor spawn_stub(caf::actor_system& sys, Handlers... handlers) {
  return sys.spawn([](caf::event_based_actor*, caf::behavior what) { return what; },
                   caf::behavior{std::move(handlers)...});
}

} // namespace partita::test
