// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/messages/partition.hpp"

#include <chrono>
#include <cstdint>

/// The ranges of the options and the factors between them, by name, each with its reason.
namespace partita::config {

using namespace std::chrono_literals;

// -- factors between two options --------------------------------------------------------

/// A worker counts as silent only after several heartbeats are missing, so that a lost
/// one or a slow server costs nothing.
inline constexpr int beats_per_ttl = 3;

/// A session ends ttl / 8 early. A heartbeat whose outcome is unknown must be repeated
/// and answered before that, beside the wait for its first answer.
inline constexpr int requests_per_ttl = 4;

/// A leader renews at lease / 3 and gives up at 0.8 lease: room for a renewal that times
/// out and its repetition.
inline constexpr int requests_per_lease = 4;

/// Heartbeats come an interval apart when all is well; one that is late is no outage.
inline constexpr int beats_per_outage = 2;

/// A revocation and the answer to it are two writes.
inline constexpr int requests_per_handoff = 2;

// -- ranges -----------------------------------------------------------------------------

/// No bucket of NATS may have a TTL below 100 ms; ours are multiples of these.
inline constexpr std::chrono::milliseconds min_ttl = 100ms;
inline constexpr std::chrono::milliseconds max_ttl = 24h;

/// Heartbeats closer together cost more load than they are worth.
inline constexpr std::chrono::milliseconds min_interval = 20ms;
inline constexpr std::chrono::milliseconds max_interval = 1h;

/// 0 is "no window", for tests and small groups.
inline constexpr std::chrono::milliseconds max_window = 1h;

/// Less than a round trip between two data centres makes every outcome unknown.
inline constexpr std::chrono::milliseconds min_request = 10ms;
inline constexpr std::chrono::milliseconds max_request = 1min;

inline constexpr std::chrono::milliseconds min_timeout = 100ms;
inline constexpr std::chrono::milliseconds max_timeout = 24h;

/// Bucket names are file names on the server, `KV_` and a suffix of ours included.
inline constexpr std::size_t max_group_name = 64;
inline constexpr std::size_t max_bucket_name = 128;

/// Written into every id, record and heartbeat.
inline constexpr std::size_t max_id_prefix = 64;
inline constexpr std::size_t max_instance = 256;
inline constexpr std::size_t max_zone = 256;

/// NATS puts all of it into one line of at most 4 KB.
inline constexpr std::size_t max_secret = 1024;

/// Of a command; Linux takes 128 KB for one.
inline constexpr std::size_t max_argument = 64u << 10;

inline constexpr std::int64_t max_worker_number = 999'999;
inline constexpr std::int64_t max_workers = 1'000'000;
inline constexpr std::int64_t max_partitions = 1'000'000;
inline constexpr std::int64_t max_virtual_nodes = 10'000;
inline constexpr std::int64_t max_replicas = 5;
inline constexpr std::int64_t max_bucket_bytes = std::int64_t{1} << 50;
inline constexpr std::size_t max_domain = 64;

/// Names of streams are those of folders on the server.
inline constexpr std::size_t max_stream_name = 255;
/// Half of what NATS takes in one line; names of partitions come into it.
inline constexpr std::size_t max_subject = 2048;
/// Each may be in the memory of an application.
inline constexpr std::int64_t max_ack_pending = 1'000'000;
inline constexpr std::size_t max_path = 4095;

inline constexpr std::int64_t max_weight = max_partition_weight;

/// The sum over all workers stays far below 2^53, too.
inline constexpr std::int64_t max_capacity = 1'000'000;

inline constexpr double min_threshold = 1.0;
inline constexpr double max_threshold = 1000.0;

/// A larger file is not a configuration; reading stops here.
inline constexpr std::size_t max_file_bytes = 64u << 20;

} // namespace partita::config
