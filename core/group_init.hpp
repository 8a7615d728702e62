// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/core/time.hpp"
#include "partita/messages/entries.hpp"
#include "partita/messages/store.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace partita::core {

/// Declares a new group (`partita init`): once its buckets are as old as any session can be,
/// the first `epoch` entry names the server, and the first leader need not wait.
///
///   looked / wait --time--> looked / write --> written
///      |                       |
///      +---> refused <---------+
///
/// Promises: the entry is created, never written over anything; the wait counts from when
/// the server was identified, and is void if that or the bucket is another one at its end.
class group_init {
public:
  /// What the store shows.
  struct view {
    /// The key `epoch`, from the stream's leader.
    kv_read epoch;
    /// Of the assignment bucket; identified before the others were read.
    bucket_identity bucket;
    std::vector<kv_entry> assignments;
    std::vector<kv_entry> heartbeats;
  };

  /// Look again after so long.
  struct wait {
    duration how_long;
  };
  /// Write with this expected revision.
  struct write {
    epoch_entry value;
    revision expected;
  };
  struct refused {
    std::string why;
  };
  using command = std::variant<wait, write, refused>;

  explicit group_init(duration heartbeat_ttl) : ttl_{heartbeat_ttl} {}

  /// The first time it waits, after that it writes.
  command looked(const view& found, std::int64_t unix_seconds, time_point now);

private:
  duration ttl_;
  std::optional<bucket_identity> began_with_;
  partita::epoch epoch_;
  time_point ready_at_;
};

} // namespace partita::core
