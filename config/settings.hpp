// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/core/strategies/strategies.hpp"
#include "partita/messages/options.hpp"
#include "partita/messages/partition.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

/// All settings of one worker, a struct for each section of the TOML file. Tests compare the
/// defaults with the option table, the file and the manual.
/// An empty string or list means "not used" unless its comment says more.
namespace partita::config {

using namespace std::chrono_literals;

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

struct settings : member_settings {
  nats_options nats;
  timing_settings timing;
  core::strategy_options strategy;
  partitions_settings partitions;
  hooks_settings hooks;
  log_settings log;
  http_settings http;
  consume_settings consume;
};

} // namespace partita::config
