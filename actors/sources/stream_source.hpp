// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/actors/worker_clock.hpp"
#include "partita/messages/interfaces.hpp"

#include <string>

namespace partita {

struct stream_source_options {
  /// The name of the stream, which is not made.
  std::string stream;
  worker_clock clock;
};

/// A partition source that follows the subject transform of a stream: partitions `0` to
/// `n - 1`. It looks every five seconds, and only while it has a listener.
/// core::stream_listing says what counts as a list.
partition_source_actor spawn_stream_source(caf::actor_system& sys, store_actor store,
                                           stream_source_options options);

} // namespace partita
