// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "memory_server.hpp"

#include <string>

/// INTERNAL to the memory store: one client's side of one bucket.
namespace partita::store {

/// Answers the requests under way; after that nothing is sent any more.
struct close_bucket {};

/// INTERNAL: time to look for silent watches.
struct client_tick {};

/// INTERNAL: a consumer is to be made now.
struct attach_due {
  std::uint64_t feed = 0;
  std::uint64_t attempt = 0;
};

} // namespace partita::store

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(partita::store::close_bucket)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(partita::store::client_tick)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(partita::store::attach_due)

namespace partita::store {

/// One BUCKET of a memory store: bucket_actor and the messages of its store and server.
using memory_bucket_actor = bucket_actor::extend<
    // From the server.
    caf::reacts_to<delivery>, caf::reacts_to<consumer_heartbeat>,
    // From the store.
    caf::reacts_to<link_changed>, caf::replies_to<close_bucket>::with<store_closed>,
    caf::replies_to<get_store_stats>::with<store_stats>,
    // INTERNAL.
    caf::reacts_to<client_tick>, caf::reacts_to<attach_due>>;

struct memory_bucket_options {
  /// How it was opened first; a bucket that has vanished is made again like this, unless
  /// its mode does not make one.
  open_bucket opened;
  std::chrono::milliseconds request_timeout{500};
  std::chrono::milliseconds watch_heartbeat{500};
  /// Whether the server answers every request, even if late. If not, each request has a
  /// timer of its own, which is not free.
  bool answers_are_certain = true;
};

/// Starts the client's side of a bucket, connected. Has timers only while something is
/// watched, and for each request whose answer is not certain.
memory_bucket_actor spawn_memory_bucket(caf::actor_system& sys,
                                        memory_server_actor server,
                                        memory_bucket_options options);

} // namespace partita::store
