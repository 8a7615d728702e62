// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/messages/interfaces.hpp"

#include <caf/actor_system.hpp>
#include <caf/typed_event_based_actor.hpp>

namespace partita {

/// A partition source whose list never changes. The list must be usable (why_unusable).
inline partition_source_actor
spawn_static_source(caf::actor_system& sys, const std::vector<partition>& partitions) {
  return sys.spawn(
      [=](partition_source_actor::pointer self) -> partition_source_actor::behavior_type {
        return {[=](const partition_listener_actor& who) {
          mail(self, partition_list{partitions}).send(who);
        }};
      });
}

} // namespace partita
