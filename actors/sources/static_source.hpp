// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/messages/interfaces.hpp"

namespace partita {

/// A partition source whose list never changes. The list must be usable (why_unusable).
partition_source_actor spawn_static_source(caf::actor_system& sys,
                                           std::vector<partition> partitions);

} // namespace partita
