// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/actors/deadline_observer.hpp"
#include "partita/actors/worker_clock.hpp"
#include "partita/core/strategies/planning.hpp"
#include "partita/messages/events.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
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
  std::string control;
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
  /// A leader whose process does not exist any more has a successor after about this
  /// time; 0: it is not probed, and only the lease counts.
  std::chrono::milliseconds probe_grace = 100ms;
};

/// When the leader makes a new plan; core/leader/plans/rebalance_policy.hpp says how they work
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
  /// The partitions of a worker that left to restart are kept for this long.
  std::chrono::milliseconds restart_hold = 30s;
  /// A worker that has not confirmed the end of its work by then is made to end.
  std::chrono::milliseconds handoff_timeout = 30s;
  /// How many partitions may be between two owners at a time; 0: any number.
  std::uint32_t max_moves_in_flight = 0;
};

/// What counts as trouble with the store, and when it is said how loud.
struct degraded_options {
  /// A worker whose proof of life was not taken for this long is degraded.
  std::chrono::milliseconds after = 3s;
  /// Ages at which the alert grows.
  std::chrono::milliseconds warn = 10s;
  std::chrono::milliseconds error = 1min;
  std::chrono::milliseconds critical = 5min;
  /// After the store is back, nobody counts as lost for this long.
  std::chrono::milliseconds grace = 5s;
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
  partita::ownership ownership = ownership::exclusive;
  bucket_options buckets;
  id_options id;
  /// Share of the work that this worker wants compared with others; no unit, at least 1.
  std::int64_t capacity = 100;
  /// Where this worker runs, as its leader may know it: free text, empty: not told.
  std::string zone;
  heartbeat_options heartbeat;
  election_options election;
  rebalance_options rebalance;
  timeout_options timeouts;
  degraded_options degraded;
  /// What stop_worker means where it does not say.
  leave_mode shutdown = leave_mode::drain;
  /// Whether a listener that does not stop its work in time ends the worker: right where
  /// that ends the process too. Else it is reported, and the worker waits for it.
  bool end_if_work_goes_on = false;
  /// Stops the work where this worker cannot any more: see deadline_observer.hpp. Null: no
  /// observer, and exclusive ownership requires that the actor system is never blocked for
  /// longer than an eighth of heartbeat.ttl (docs/embedding.md). Not used with `available`.
  std::shared_ptr<deadline_observer> on_deadline;
  /// What time it is, for all decisions of this worker.
  worker_clock clock;
  /// Decides who owns what when this worker leads.
  core::strategy strategy;
  /// Names it in the history of plans; may be empty.
  std::string strategy_name;
  /// What else should be the same in the whole group, by name, as text: the leader tells
  /// where it differs (alert `settings_differ`). The worker itself adds restart_hold and
  /// handoff_timeout.
  std::map<std::string, std::string> shared_settings;
  /// Seed of nonces, jitter and choices, for tests; 0: they are random.
  std::uint64_t random_seed = 0;
};

} // namespace partita
