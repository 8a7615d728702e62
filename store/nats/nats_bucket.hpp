// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/messages/interfaces.hpp"
#include "partita/store/nats/nats_user.hpp"

#include <caf/fwd.hpp>

/// INTERNAL to the NATS store: one bucket of it.
namespace partita::store {

/// From a bucket to its store: nothing is under way any more.
struct nats_rested {
  std::string bucket;
};

/// INTERNAL: a wait is over.
struct nats_waited {
  std::uint64_t ticket = 0;
};

} // namespace partita::store

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(partita::store::nats_rested)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(partita::store::nats_waited)

namespace partita::store {

using nats_closer_actor = caf::typed_actor<caf::reacts_to<nats_rested>>;

/// Take no new requests, answer those under way, then notify `tell`.
struct nats_finish {
  nats_closer_actor tell;
};

} // namespace partita::store

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(partita::store::nats_finish)

namespace partita::store {

using nats_bucket_actor =
    bucket_actor::extend<caf::replies_to<open_bucket>::with<bucket_opened>,
                         // Of this bucket alone.
                         caf::replies_to<get_store_stats>::with<store_stats>,
                         caf::reacts_to<nats_finish>,
                         caf::reacts_to<nats_waited>>::extend_with<nats_user_actor>;

struct nats_bucket_options {
  std::string bucket;
  std::chrono::milliseconds request_timeout{500};
  std::chrono::milliseconds watch_heartbeat{500};
  std::int64_t max_bytes = 0;
};

/// Starts the actor of one bucket. It sends nothing before open_bucket; a failed
/// open_bucket leaves it as it was. It keeps `store` alive, which owns the connection;
/// the store does not keep it alive. Requests under way do, watches do not.
nats_bucket_actor spawn_nats_bucket(caf::actor_system& sys, store_actor store,
                                    std::shared_ptr<nats::connection> connection,
                                    nats_bucket_options options);

} // namespace partita::store
