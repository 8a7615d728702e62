// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "world.hpp"

#include "partita/messages/interfaces.hpp"

#include <string>
#include <vector>

namespace partita::simulation {

/// Receives what watches show.
struct watch_observer {
  virtual ~watch_observer() = default;
  virtual void told(process_id, const std::string& bucket, const watch_event&) = 0;
};

/// A watcher of a process's own: watches whole buckets through the process's store and
/// takes what it receives for the state of the bucket.
caf::actor spawn_watch_observer(world& w, process_id owner, store_actor store,
                                std::vector<std::string> buckets,
                                watch_observer& observer);

} // namespace partita::simulation
