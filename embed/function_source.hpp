// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/messages/interfaces.hpp"

#include <chrono>
#include <functional>
#include <vector>

namespace partita::embed {

/// A function_source is asked to call its function again.
struct read_again {
  PARTITA_MESSAGE(read_again)
};

using function_source_actor =
    partition_source_actor::extend<caf::reacts_to<read_again>,
                                   // INTERNAL: `every` has passed.
                                   caf::reacts_to<wake>>;

/// A partition source that calls `read`, on a thread of its own, when a worker begins to lead,
/// then each `every` (0: never), and when it is asked. An exception, or an empty list, means
/// that the list is not available.
function_source_actor spawn_function_source(caf::actor_system& sys,
                                            std::function<std::vector<partition>()> read,
                                            std::chrono::milliseconds every);

} // namespace partita::embed
