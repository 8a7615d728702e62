// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/actors/worker_clock.hpp"
#include "partita/core/consumption/consumption.hpp"
#include "partita/messages/consuming.hpp"
#include "partita/messages/interfaces.hpp"

#include <caf/fwd.hpp>

#include <string>
#include <vector>

namespace partita {

struct consumers_options {
  /// Of each partition; its name is filled in.
  core::consumption::options consumption;
  /// Bucket of the claims, made where it is missing, and its copies on a clustered server.
  std::string claims;
  std::uint32_t replicas = 1;
  /// How often consumers of older tokens are looked for.
  core::duration sweep = std::chrono::seconds{60};
  worker_clock clock;
};

/// The CONSUMERS: the only listener of a worker, in front of all others. INTERNAL: wake.
using consumers_actor =
    lag_actor::extend<handler<void(wake)>>::extend_with<listener_actor>;

/// Passes all events on to `to`, but gives a partition only once its consumer stands
/// (core::consumption), and answers a revocation only once all of `to` have answered and then
/// the consumer has ended. A loss is answered as soon as all of `to` have: the store may be
/// away, and the next owner needs nothing of it. Each of `to` gets consumers_given before
/// the partitions_assigned that it belongs to. Ends when one of `to` ends; the caller ends
/// it after its worker.
consumers_actor spawn_consumers(caf::actor_system& sys, consumers_options options,
                                store_actor store, std::vector<listener_actor> to);

} // namespace partita
