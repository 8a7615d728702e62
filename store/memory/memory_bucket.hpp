// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/messages/store.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace partita::store {

/// One write, of any kind.
using kv_change = std::variant<kv_put, kv_create, kv_update, kv_remove>;

/// The key that a write is about.
const std::string& key_of(const kv_change& x);

/// One bucket as a server keeps it: the newest revision of each key, delete marks among
/// them, from one sequence of revisions, and nothing that is older than the TTL. Pure; `now`
/// never goes back. What it answers is what the store on NATS answers
/// (tests/store/conformance).
class memory_bucket {
public:
  using time_point = std::chrono::steady_clock::time_point;

  /// `max_value`: the longest value that is taken.
  memory_bucket(open_bucket config, std::int64_t created_at_ns,
                std::size_t max_value = bucket_identity{}.most_value);

  bucket_identity identity() const {
    return {created_at_ns_, last_, config_.ttl.count() != 0};
  }

  /// Why it cannot be opened so; empty: it can. Changes it with open_mode::change.
  std::string open(const open_bucket& what);

  /// What was written; without an entry, `answer` says why not.
  struct outcome {
    kv_written answer;
    std::optional<kv_entry> entry;
  };

  /// `wall_ns` is the time at which the entry counts as stored.
  outcome write(const kv_change& what, time_point now, std::int64_t wall_ns);

  /// The newest revision of a key, a delete mark too; missing if there is no revision or it
  /// is older than the TTL.
  kv_read last(std::string_view key, time_point now);

  /// What a consumer replays: the newest revision of each matching key, oldest first.
  std::vector<kv_entry> entries(std::string_view pattern, time_point now);

protected:
  struct slot {
    kv_entry entry;
    time_point written;
  };

  void sweep(time_point now);
  slot* find(std::string_view key, time_point now);
  /// Why the write must not happen; empty if it may.
  std::string objection(const kv_change& what, const slot* found) const;

  open_bucket config_;
  std::int64_t created_at_ns_;
  std::size_t max_value_;
  /// Entries outlive the TTL by this much: a server does not remove them at once.
  std::chrono::milliseconds late_{0};
  revision last_;
  std::map<std::string, slot, std::less<>> slots_;
  /// The keys by the revision of their newest entry: the order of age.
  std::map<revision, std::string> by_revision_;
};

} // namespace partita::store
