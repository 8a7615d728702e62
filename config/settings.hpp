// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/messages/partition.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

/// All settings of one worker, a struct for each section of the TOML file. Tests compare the
/// defaults here with the option table, the file, the manual and the library's own options.
/// An empty string or list means "not used" unless its comment says more.
namespace partita::config {

using namespace std::chrono_literals;

struct group_settings {
  /// Workers of one name share one set of partitions. Never empty once loaded.
  std::string name;
  /// exclusive or available: what a worker does while it cannot prove that it lives.
  std::string ownership = "exclusive";
};

struct nats_settings {
  /// Tried in turn; `nats://host:port` or `tls://host:port`.
  std::vector<std::string> url = {"nats://127.0.0.1:4222"};
  /// At most one way to say who we are: user and password, token, credentials or
  /// nkey_seed.
  std::string user;
  std::string password;
  std::string token;
  /// File with a JWT and its key, as `nsc` writes it.
  std::string credentials;
  /// File with the seed of an nkey.
  std::string nkey_seed;
  /// PEM files: the authority that signed the server's certificate, our certificate, its
  /// key.
  std::string tls_ca;
  std::string tls_cert;
  std::string tls_key;
};

struct worker_settings {
  /// Ids are `<id_prefix>-<number>`, the number from id_min to id_max, both included.
  std::string id_prefix = "worker";
  std::uint32_t id_min = 0;
  std::uint32_t id_max = 999;
  /// An id that was not renewed for this long may be taken by anybody.
  std::chrono::milliseconds id_ttl = 30s;
  /// The place that this worker runs in; who comes back to its place gets its former id.
  std::string instance;
  /// Share of the work compared with other workers.
  std::int64_t capacity = 100;
  /// Where it runs; free text.
  std::string zone;
  /// drain, restart or stop: how a worker leaves that is told to.
  std::string shutdown = "drain";
};

struct heartbeat_settings {
  std::chrono::milliseconds interval = 1s;
  /// A worker that was silent for this long has gone.
  std::chrono::milliseconds ttl = 6s;
};

/// The ttl and the lease with buckets.replicas above 1 and no times of its own: another node takes
/// 4 to 9 s to lead a stream (measured with nats-server 2.9 to 2.15), which ends neither then.
inline constexpr std::chrono::milliseconds cluster_time = std::chrono::seconds{15};

struct election_settings {
  /// How long the leader key counts without renewal.
  std::chrono::milliseconds lease = 3s;
  /// A leader whose process has ended has a successor after 1 to 2.5 times this; 0: it is
  /// not probed.
  std::chrono::milliseconds probe_grace = 100ms;
};

struct rebalance_settings {
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

struct strategy_settings {
  /// One of sticky, consistent_hash, weighted_consistent_hash, round_robin: always the
  /// long spelling once loaded.
  std::string name = "sticky";
  /// Points of each worker on the hash ring.
  std::uint32_t virtual_nodes = 150;
  /// Of the hash; 0: unseeded.
  std::uint64_t seed = 0;
  /// In multiples of the average load of a worker and the average weight of a partition.
  double overload_threshold = 1.3;
  double extreme_threshold = 2.0;
  /// For a partition whose weight is 0; 100 is an ordinary partition.
  std::int64_t default_weight = 100;
};

/// The partitions of a fixed list (`list`, or `prefix` with `count`), those of a file, or
/// those of a bucket: never two of these.
struct partitions_settings {
  std::vector<partition> list;
  std::string prefix;
  /// 0 only if not used.
  std::uint32_t count = 0;
  /// A file that holds list, or prefix and count.
  std::string file;
  /// Whether the bucket of the partitions says what there is.
  bool bucket = false;

  /// Whether the configuration names a source of partitions at all; if not, a host
  /// application brings one of its own.
  bool given() const { return !list.empty() || count > 0 || !file.empty() || bucket; }

  /// The list, or [prefix, "0"], [prefix, "1"], ... Empty with a file or a bucket.
  std::vector<partition> all() const;
};

struct buckets_settings {
  /// Empty means `<group>-stableid` and so on; loading fills them in.
  std::string stable_id;
  std::string election;
  std::string heartbeat;
  std::string assignment;
  std::string partitions;
  std::string control;
  /// Copies of each bucket on a clustered server.
  std::uint32_t replicas = 1;
};

struct timeouts_settings {
  /// How long to wait for a server and a free id at the start.
  std::chrono::milliseconds startup = 30s;
  /// How long leaving may take.
  std::chrono::milliseconds shutdown = 30s;
  /// How long the store may take to answer before a request's outcome is unknown.
  std::chrono::milliseconds request = 500ms;
};

/// When the store is said to be away, and how loud.
struct degraded_settings {
  std::chrono::milliseconds after = 3s;
  /// Ages at which the alert grows.
  std::chrono::milliseconds warn = 10s;
  std::chrono::milliseconds error = 1min;
  std::chrono::milliseconds critical = 5min;
  /// After the store is back, nobody counts as lost for this long.
  std::chrono::milliseconds grace = 5s;
};

/// A program and its arguments; empty: none. What was written as one string is that for
/// `/bin/sh -c`.
using hook_command = std::vector<std::string>;

/// Commands that run when something happens to the worker.
struct hooks_settings {
  hook_command assigned;
  /// Its exit code 0 confirms that work has stopped.
  hook_command revoked;
  /// Empty: `revoked` runs instead.
  hook_command lost;
  hook_command state;
  /// How long each of them may run.
  std::chrono::milliseconds timeout = 10s;

  /// Whether any command is there.
  bool used() const;
};

struct log_settings {
  /// One of trace, debug, info, warn, error, critical, off.
  std::string level = "info";
};

/// For applications that work beside `partita run`, in any language (docs/http.md).
struct http_settings {
  /// `host:port` to listen at, port 0 being any free one; empty: no HTTP.
  std::string listen;
  /// Who shows it may change something from other machines, too.
  std::string token;
  /// What is taken back counts as stopped only once the application has released it.
  bool confirm = false;
  /// An application that has not called for this long has gone; 0: nobody minds.
  std::chrono::milliseconds app_ttl = 0s;
};

struct settings {
  group_settings group;
  nats_settings nats;
  worker_settings worker;
  heartbeat_settings heartbeat;
  election_settings election;
  rebalance_settings rebalance;
  strategy_settings strategy;
  partitions_settings partitions;
  buckets_settings buckets;
  timeouts_settings timeouts;
  degraded_settings degraded;
  hooks_settings hooks;
  log_settings log;
  http_settings http;
};

/// Puts the default names, made of the group's, where no name of a bucket was given.
void name_buckets(settings& s);

} // namespace partita::config
