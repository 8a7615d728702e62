#pragma once

#include "partita/core/planning.hpp"

#include <chrono>
#include <cstdint>
#include <string>

/// How one worker takes part in its group. Defaults are those of config/partita.toml.
namespace partita {

using namespace std::chrono_literals;

/// Where a group keeps its state.
struct bucket_options {
  std::string stable_id;
  std::string election;
  std::string heartbeat;
  std::string assignment;
  /// Copies of each bucket on a clustered server.
  std::uint32_t replicas = 1;

  /// The default names: `<group>-stableid` and so on.
  static bucket_options of(const std::string& group);
};

struct id_options {
  /// Ids are `<prefix>-<number>`, the number from `min` to `max`, both included.
  std::string prefix = "worker";
  std::uint32_t min = 0;
  std::uint32_t max = 999;
  /// An id that was not renewed for this long may be taken by anybody.
  std::chrono::milliseconds ttl = 30s;
  /// The place that this worker runs in; a worker that comes back to its place gets its
  /// former id. Empty: none.
  std::string instance;
};

struct heartbeat_options {
  std::chrono::milliseconds interval = 1s;
  /// A worker that was silent for this long has gone.
  std::chrono::milliseconds ttl = 6s;
};

struct election_options {
  /// How long the leader key counts without renewal.
  std::chrono::milliseconds lease = 3s;
};

/// When the leader makes a new plan; core/rebalance_policy.hpp says how they work
/// together.
struct rebalance_options {
  std::chrono::milliseconds cold_start_window = 30s;
  std::chrono::milliseconds planned_scale_window = 10s;
  /// A window closes early once nothing has changed for this long.
  std::chrono::milliseconds settle_time = 1s;
  /// A window closes early once this many workers are present; 0: not known.
  std::uint32_t expected_workers = 0;
  /// The shortest time between two rebalances; an emergency ignores it.
  std::chrono::milliseconds min_interval = 10s;
};

struct timeout_options {
  /// How long to wait for a server and a free id at the start.
  std::chrono::milliseconds startup = 30s;
  /// How long leaving may take.
  std::chrono::milliseconds shutdown = 30s;
  /// How long the store may take to answer one request before its outcome is unknown.
  std::chrono::milliseconds request = 500ms;
};

struct worker_options {
  std::string group;
  bucket_options buckets;
  id_options id;
  heartbeat_options heartbeat;
  election_options election;
  rebalance_options rebalance;
  timeout_options timeouts;
  /// Decides who owns what when this worker leads.
  core::strategy strategy;
  /// Feeds nonces, jitter and choices; 0: taken from the system.
  std::uint64_t random_seed = 0;
};

} // namespace partita
