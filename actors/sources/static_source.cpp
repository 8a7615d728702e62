// SPDX-License-Identifier: Apache-2.0
#include "partita/actors/sources/static_source.hpp"

#include <caf/actor_system.hpp>
#include <caf/typed_event_based_actor.hpp>

namespace partita {

namespace {

partition_source_actor::behavior_type static_source(partition_source_actor::pointer self,
                                                    std::vector<partition> partitions) {
  return {
      [=](const partition_listener_actor& who) {
        self->send(who, partition_list{partitions});
      },
  };
}

} // namespace

partition_source_actor spawn_static_source(caf::actor_system& sys,
                                           std::vector<partition> partitions) {
  return sys.spawn(static_source, std::move(partitions));
}

} // namespace partita
