// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

/// Options that the configuration, the actors and the decisions share, with defaults; a
/// struct is a section of the TOML file. Limits and texts are in config/options.cpp.
namespace partita {

using namespace std::chrono_literals;

/// What a worker does with its partitions while its heartbeats are not acknowledged.
enum class ownership : std::uint8_t {
  /// It stops in time: no partition ever has two owners.
  exclusive,
  /// It goes on: no partition is ever left alone, but it may have two owners.
  available,
  count
};

const char* to_string(ownership x);

/// How a worker leaves (docs/protocol.md).
enum class leave_mode : std::uint8_t {
  /// As the worker's options say.
  configured,
  /// Its partitions move to others first, one by one.
  drain,
  /// Its partitions are kept for a worker that comes back under its id soon.
  restart,
  /// At once; others get its partitions.
  stop
};

const char* to_string(leave_mode x);

struct group_settings {
  /// Workers of one name share one set of partitions. Never empty once loaded.
  std::string name = {};
  partita::ownership ownership = ownership::exclusive;
};

struct worker_settings {
  /// Ids are `<id_prefix>-<number>`, the number from id_min to id_max, both included.
  std::string id_prefix = "worker";
  std::uint32_t id_min = 0;
  std::uint32_t id_max = 999;
  /// Any worker may take an id that was not renewed for this long.
  std::chrono::milliseconds id_ttl = 30s;
  /// The place that this worker runs in; a worker that comes back to its place gets its
  /// former id. Empty: none.
  std::string instance = {};
  /// Share of the work that this worker wants compared with others; no unit, at least 1.
  std::int64_t capacity = 100;
  /// Where it runs: free text; empty: not stated.
  std::string zone = {};
  /// How it leaves unless an order says how.
  leave_mode shutdown = leave_mode::drain;
};

/// How to reach NATS. Empty strings: not used.
struct nats_options {
  /// Tried in turn; `nats://host:port` or `tls://host:port`.
  std::vector<std::string> url = {"nats://127.0.0.1:4222"};
  /// At most one way to say who we are: user and password, token, credentials or
  /// nkey_seed.
  std::string user = {};
  std::string password = {};
  std::string token = {};
  /// File with a JWT and its key, as `nsc` writes it.
  std::string credentials = {};
  /// File with the seed of an nkey.
  std::string nkey_seed = {};
  /// PEM files: the authority that signed the server's certificate, our certificate, its
  /// key.
  std::string tls_ca = {};
  std::string tls_cert = {};
  std::string tls_key = {};
  /// The domain of the JetStream that is used, or how subjects of its API begin instead of
  /// `$JS.API`; at most one of them.
  std::string domain = {};
  std::string api_prefix = {};
  /// How subjects of our inboxes begin; empty: `_INBOX`.
  std::string inbox_prefix = {};
  /// How long one server may take until it can be used.
  std::chrono::milliseconds connect_timeout = 2s;
  /// How the server's monitoring names this client.
  std::string client_name = "partita";
  /// How long an answer may take before the outcome is unknown.
  std::chrono::milliseconds request_timeout{500};
  /// How often the server shows that a silent watch still works. The connection is proven
  /// twice as often, though between every 200 ms and every second.
  std::chrono::milliseconds watch_heartbeat{500};
  /// bucket_options::max_bytes.
  std::int64_t max_bucket_bytes = 0;

  /// How subjects of JetStream's API begin.
  std::string api() const {
    if (!api_prefix.empty())
      return api_prefix;
    return domain.empty() ? "$JS.API" : "$JS." + domain + ".API";
  }
};

/// Where a group keeps its state.
struct bucket_options {
  std::string stable_id;
  std::string election;
  std::string heartbeat;
  std::string assignment;
  /// Only where a bucket says which partitions there are.
  std::string partitions;
  std::string control;
  /// Copies of each bucket on a clustered server.
  std::uint32_t replicas = 1;
  /// The most that each bucket may take on the server's disk; 0: no limit.
  std::int64_t max_bytes = 0;

  /// The default names: `<group>-stableid` and so on.
  static bucket_options of(const std::string& group);
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

/// When the leader makes a new plan; core/leader/plans/rebalance_policy.hpp says how they
/// work together.
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
  /// A worker that has not confirmed the end of its work by then is fenced.
  std::chrono::milliseconds handoff_timeout = 30s;
  /// How many partitions may be between two owners at a time; 0: any number.
  std::uint32_t max_moves_in_flight = 0;
};

/// What counts as an outage of the store, and when its alert has which level.
struct degraded_options {
  /// A worker whose heartbeat was not acknowledged for this long is degraded.
  std::chrono::milliseconds after = 3s;
  /// Ages at which the alert grows.
  std::chrono::milliseconds warn = 10s;
  std::chrono::milliseconds error = 1min;
  std::chrono::milliseconds critical = 5min;
  /// After the store is back, no worker counts as lost for this long.
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

/// The sections that say how a process takes part in its group.
struct member_settings {
  group_settings group;
  worker_settings worker;
  heartbeat_options heartbeat;
  election_options election;
  rebalance_options rebalance;
  /// Names that are empty mean `<group>-stableid` and so on.
  bucket_options buckets;
  timeout_options timeouts;
  degraded_options degraded;

  /// Puts the default names where no name of a bucket was given.
  void name_buckets();
};

} // namespace partita
