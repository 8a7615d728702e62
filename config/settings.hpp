// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/core/strategies/strategies.hpp"
#include "partita/messages/events.hpp"
#include "partita/messages/options.hpp"
#include "partita/messages/partition.hpp"
#include "partita/messages/session_terms.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

/// All settings of one worker, a struct for each section of the TOML file. Tests compare the
/// defaults with the option table, the file and the manual.
/// An empty string or list means "not used" unless its comment says more.
namespace partita::config {

using namespace std::chrono_literals;

struct group_settings {
  /// Workers of one name share one set of partitions. Never empty once loaded.
  std::string name;
  /// What a worker does while its heartbeats are not acknowledged.
  partita::ownership ownership = ownership::exclusive;
};

struct worker_settings {
  /// Ids are `<id_prefix>-<number>`, the number from id_min to id_max, both included.
  std::string id_prefix = "worker";
  std::uint32_t id_min = 0;
  std::uint32_t id_max = 999;
  /// An id that was not renewed for this long may be taken by another worker.
  std::chrono::milliseconds id_ttl = 30s;
  /// The place that this worker runs in; a worker that comes back there gets its former
  /// id.
  std::string instance;
  /// Share of the work compared with other workers.
  std::int64_t capacity = 100;
  /// Where it runs; free text.
  std::string zone;
  /// How a worker leaves on SIGTERM or SIGINT.
  leave_mode shutdown = leave_mode::drain;
};

struct timing_settings {
  /// Names the defaults of other options (profile_names).
  std::string profile = "default";
};

/// The partitions of a fixed list (`list`, or `prefix` with `count`), those of a file, of a
/// bucket, or of a stream: never two of these.
struct partitions_settings {
  std::vector<partition> list;
  std::string prefix;
  /// 0 only if not used.
  std::uint32_t count = 0;
  /// A file that holds list, or prefix and count.
  std::string file;
  /// Whether the list of partitions comes from the bucket.
  bool bucket = false;
  /// The stream whose subject transform numbers them.
  std::string stream;

  /// Whether the configuration names a source of partitions at all; if not, a host
  /// application brings one of its own.
  bool given() const {
    return !list.empty() || count > 0 || !file.empty() || bucket || !stream.empty();
  }

  /// The list, or [prefix, "0"], [prefix, "1"], ... Empty with another source.
  std::vector<partition> all() const;
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
  /// text or json.
  std::string format = "text";
  /// Instead of stderr.
  std::string file = {};
};

/// For applications that work beside `partita run`, in any language (docs/http.md).
struct http_settings {
  /// `host:port` to listen at, port 0 being any free one; empty: no HTTP.
  std::string listen;
  /// A client that sends it may change something from other machines, too.
  std::string token;
  /// What is taken back counts as stopped only once the application has released it.
  bool confirm = false;
  /// An application that has not called for this long has gone; 0 disables the check.
  std::chrono::milliseconds app_ttl = 0s;
};

/// Consumers of a stream that this worker makes for its partitions (docs/consuming.md).
struct consume_settings {
  /// Empty: none are made.
  std::string stream;
  /// What a partition's messages are published under; `{partition}` is the partition's name.
  std::string subject;
  /// How many messages of a partition may be delivered and not acknowledged.
  std::int64_t max_ack_pending = 100;
  /// After this long without an acknowledgement a message is delivered again.
  std::chrono::milliseconds ack_wait = 30s;
  /// The consumers live in the memory of one server.
  bool memory = false;
};

struct settings {
  group_settings group;
  nats_options nats;
  worker_settings worker;
  timing_settings timing;
  heartbeat_options heartbeat;
  election_options election;
  rebalance_options rebalance;
  core::strategy_options strategy;
  partitions_settings partitions;
  /// Names that are empty mean `<group>-stableid` and so on; loading fills them in.
  bucket_options buckets;
  timeout_options timeouts;
  degraded_options degraded;
  hooks_settings hooks;
  log_settings log;
  http_settings http;
  consume_settings consume;
};

/// Puts the default names, made of the group's, where no name of a bucket was given.
void name_buckets(settings& s);

} // namespace partita::config
