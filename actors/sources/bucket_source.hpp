// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/actors/worker_clock.hpp"
#include "partita/messages/interfaces.hpp"

#include <cstdint>
#include <string>

namespace partita {

struct bucket_source_options {
  /// The name of the bucket, which is made if it is missing.
  std::string bucket;
  /// Copies of it on a clustered server.
  std::uint32_t replicas = 1;
  worker_clock clock;
};

/// A partition source that follows a bucket of the store (docs/protocol.md): each key
/// `p.<name>` is a partition. It watches only while it has a listener: it costs nothing
/// in a worker that does not lead. core::bucket_listing says what counts as a list.
partition_source_actor spawn_bucket_source(caf::actor_system& sys, store_actor store,
                                           bucket_source_options options);

} // namespace partita
