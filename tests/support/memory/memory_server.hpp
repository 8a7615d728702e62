// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "memory_model.hpp"
#include "memory_streams.hpp"
#include "partita/messages/interfaces.hpp"

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/fwd.hpp>
#include <caf/replies_to.hpp>
#include <caf/typed_actor.hpp>

/// The part of a memory store that all its clients share, and the messages to it.
namespace partita::store {

// -- for tests and simulations ----------------------------------------------------------

/// Deletes a bucket; its watches fall silent. Answered with whether it was there. To make
/// it again, send open_bucket.
struct delete_bucket {
  std::string name;
};

/// Discards all writes after `last`, acknowledged ones too. Answered like
/// delete_bucket.
struct lose_writes {
  std::string bucket;
  revision last;
};

// -- what clients send ------------------------------------------------------------------

struct server_opened {
  open_status status = open_status::unknown;
  bucket_identity identity;
  std::string why;
};

struct server_write {
  std::string bucket;
  kv_change change;
};

struct server_read {
  std::string bucket;
  /// Or a pattern: the newest entry that matches.
  std::string key;
};

struct server_identify {
  std::string bucket;
};

/// One message of a consumer; the numbers are those of watch_feed.
struct delivery {
  std::uint64_t feed = 0;
  std::uint64_t attempt = 0;
  std::uint64_t sequence = 0;
  kv_entry entry;
};

struct consumer_heartbeat {
  std::uint64_t feed = 0;
  std::uint64_t attempt = 0;
  std::uint64_t last_sequence = 0;
};

/// Receives the messages of a consumer.
using consumer_inbox_actor =
    caf::typed_actor<caf::reacts_to<delivery>, caf::reacts_to<consumer_heartbeat>>;

/// Makes a consumer, in the place of an earlier one of the same inbox and feed.
struct make_consumer {
  std::string bucket;
  std::string pattern;
  std::uint64_t feed = 0;
  std::uint64_t attempt = 0;
  consumer_inbox_actor inbox;
};

struct consumer_made {
  /// Empty `why`: it was made.
  std::string why;
  bucket_identity bucket;
};

struct drop_consumer {
  std::uint64_t feed = 0;
  consumer_inbox_actor inbox;
};

/// Asks a client whether it serves a nonce.
struct server_probe {
  partita::nonce nonce;
};

/// A client that can be probed. The server passes probes on to it rather than answering
/// for it: a frozen client keeps its connection, but does not answer.
using probe_host_actor = caf::typed_actor<caf::replies_to<server_probe>::with<probed>>;

/// From now on probes of `nonce` go to `host`, until server_end_probe or its end.
struct server_serve_probe {
  partita::nonce nonce;
  probe_host_actor host;
};

/// Without effect if another host has taken the nonce since.
struct server_end_probe {
  partita::nonce nonce;
  probe_host_actor host;
};

/// INTERNAL to the server: time for heartbeats.
struct server_tick {};

} // namespace partita::store

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(partita::store::delete_bucket)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(partita::store::lose_writes)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(partita::store::server_opened)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(partita::store::server_write)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(partita::store::server_read)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(partita::store::server_identify)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(partita::store::delivery)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(partita::store::consumer_heartbeat)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(partita::store::make_consumer)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(partita::store::consumer_made)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(partita::store::drop_consumer)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(partita::store::server_probe)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(partita::store::server_serve_probe)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(partita::store::server_end_probe)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(partita::store::server_tick)

namespace partita::store {

/// The SERVER of memory stores, or a substitute for it.
using memory_server_actor = caf::typed_actor<
    // For tests and simulations.
    caf::replies_to<delete_bucket>::with<bool>, caf::replies_to<lose_writes>::with<bool>,
    // For clients.
    caf::replies_to<open_bucket>::with<server_opened>,
    caf::replies_to<server_write>::with<kv_written>,
    caf::replies_to<server_read>::with<kv_read>,
    caf::replies_to<server_identify>::with<kv_identity>,
    caf::replies_to<make_consumer>::with<consumer_made>, caf::reacts_to<drop_consumer>,
    caf::replies_to<server_probe>::with<probed>, caf::reacts_to<server_serve_probe>,
    caf::reacts_to<server_end_probe>>::
    extend<
        // For tests and simulations.
        caf::reacts_to<set_stream>, caf::reacts_to<delete_stream>,
        caf::reacts_to<set_consumer>>::extend_with<streams_actor>;

struct memory_server_options {
  /// How often a consumer shows that it works.
  std::chrono::milliseconds watch_heartbeat{500};
  /// The largest value that is taken.
  std::size_t max_value = std::size_t{1} << 20;
  /// memory_model::options::stated_max_value.
  std::size_t stated_max_value = max_value;
  /// What the server's wall clock shows at its start, nanoseconds since 1970; 0: what the
  /// system's shows. A simulation that wants the same trace twice sets it.
  std::int64_t wall_start_ns = 0;
};

/// Starts a server without buckets. Lives as long as there is a handle to it or to one of
/// its clients; has a timer only while there are consumers.
memory_server_actor spawn_memory_server(caf::actor_system& sys,
                                        memory_server_options options = {});

} // namespace partita::store
