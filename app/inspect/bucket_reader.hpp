// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/messages/interfaces.hpp"

#include <caf/actor_system.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <algorithm>
#include <chrono>
#include <functional>
#include <optional>
#include <string>

namespace partita::app {

/// Passes events on to `self`, until it is sent an exit. Watches and links speak to typed
/// actors; a caller that waits in main is none.
template <class Listener, class Event>
Listener forwarder_to(caf::scoped_actor& self) {
  return self->spawn([to = caf::actor_cast<caf::actor>(self)]() ->
                     typename Listener::behavior_type {
                       return {[to](const Event& x) { caf::anon_send(to, x); }};
                     });
}

/// What is left of a time limit for one more request: at least 1 ms.
std::chrono::milliseconds left_until(std::chrono::steady_clock::time_point deadline);

/// Receives one message with one of these handlers; false: none came by `deadline`. CAF starts
/// the time of caf::after again with each message that no handler takes: it is given in pieces.
template <class... Handlers>
bool receive_by(caf::scoped_actor& self, std::chrono::steady_clock::time_point deadline,
                const Handlers&... handlers) {
  constexpr std::chrono::milliseconds piece{50};
  for (auto late = false;;) {
    self->receive(
        handlers...,
        caf::after(std::min(left_until(deadline), piece)) >> [&] { late = true; });
    if (!late || std::chrono::steady_clock::now() >= deadline)
      return !late;
    late = false;
  }
}

/// For people: not all of a bucket could be read. `why` may be empty.
std::string not_shown(const std::string& bucket, const std::string& why);

/// Opens a bucket; the request to a slow server is repeated until `limit` is over.
/// `unknown` if there was no answer; `why` is the last reason then.
bucket_opened open_within(caf::scoped_actor& self, const store_actor& store,
                          const open_bucket& which, std::chrono::milliseconds limit);

/// The same; says why that is not possible. One that is missing leaves `to` alone.
std::optional<std::string>
open_if_there(caf::scoped_actor& self, const store_actor& store, const open_bucket& which,
              std::chrono::milliseconds limit, bucket_actor& to);

/// Passes what a watch of the whole bucket shows to `take`, until all has been shown; null in
/// `to`: there is no such bucket. Makes the bucket only if `which` says so. Says why that is
/// not possible: the store was silent for `limit`, or `self` was sent a stop_worker.
std::optional<std::string>
read_bucket(caf::scoped_actor& self, const store_actor& store, const open_bucket& which,
            std::chrono::milliseconds limit, bucket_actor& to,
            const std::function<void(const watch_event&)>& take);

} // namespace partita::app
