// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/messages/interfaces.hpp"
#include "partita/store/nats/client/connection.hpp"

#include <caf/actor_cast.hpp>
#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/fwd.hpp>
#include <caf/send.hpp>
#include <caf/typed_actor.hpp>

#include <memory>
#include <string>
#include <utility>
#include <variant>

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(partita::nats::link_event)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(partita::nats::server_event)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(partita::nats::answer_event)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(partita::nats::news_event)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(partita::nats::denial_event)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(partita::nats::wake_event)
PARTITA_TYPE_IDS(partita_nats, 2200, nats::link_event, nats::server_event,
                 nats::answer_event, nats::news_event, nats::denial_event,
                 nats::wake_event)

/// INTERNAL to the NATS store: the events of a connection as messages, and one bucket.
namespace partita::store {

/// An actor with a port of a connection.
using nats_user_actor =
    caf::typed_actor<handler<void(nats::link_event)>, handler<void(nats::server_event)>,
                     handler<void(nats::answer_event)>, handler<void(nats::news_event)>,
                     handler<void(nats::denial_event)>, handler<void(nats::wake_event)>>;

/// Passes events on to an actor. Holds no reference to it: a connection must not keep its
/// users alive.
class nats_mailbox : public nats::sink {
public:
  explicit nats_mailbox(const nats_user_actor& to) : to_(to.address()) {}

  void take(nats::event x) override {
    if (auto to = caf::actor_cast<caf::strong_actor_ptr>(to_))
      std::visit(
          [&](auto& y) {
            anon_mail(std::move(y)).send(caf::actor_cast<nats_user_actor>(to));
          },
          x);
  }

private:
  const caf::actor_addr to_;
};

using nats_bucket_actor = bucket_actor::extend<
    handler<bucket_opened(open_bucket)>,
    // Of this bucket alone.
    handler<store_stats(get_store_stats)>,
    // Takes no new requests; answered when nothing is under way.
    handler<store_closed(close_store)>>::extend_with<nats_user_actor>;

/// Starts the actor of one bucket. It sends nothing before open_bucket; a failed
/// open_bucket leaves it as it was. It keeps `store` alive, which owns the connection;
/// the store does not keep it alive. Requests under way do, watches do not.
nats_bucket_actor spawn_nats_bucket(caf::actor_system& sys, store_actor store,
                                    std::shared_ptr<nats::connection> connection,
                                    std::string bucket, const nats_options& options);

} // namespace partita::store
