// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/messages/stats.hpp"
#include "partita/messages/store.hpp"

#include <chrono>
#include <map>
#include <string>

/// INTERNAL to the stores: counts what a connection has done, for metrics.
namespace partita::store {

store_outcome outcome_of(write_status x);
store_outcome outcome_of(read_status x);
store_outcome outcome_of(open_status x);

/// Counts the requests to one bucket.
class request_counters {
public:
  using duration = std::chrono::steady_clock::duration;

  /// A request was answered, `took` after it was made.
  void answered(store_operation what, store_outcome how, duration took);
  /// A watch asks for a consumer; `attempt` counts from 1.
  void watched(std::uint64_t attempt);

  const store_stats& stats() const { return stats_; }

private:
  store_stats stats_;
};

/// Adds up the counts of all buckets of one connection. The last counts of a bucket that
/// has ended stay included, so that no sum ever falls.
class bucket_stats {
public:
  /// The counts of a bucket since it began.
  void told(const std::string& bucket, const store_stats& x);
  /// A bucket begins to count at 0 again.
  void began(const std::string& bucket);

  store_stats sum() const;

private:
  /// Of the buckets that have ended; and the newest of each bucket.
  store_stats past_;
  std::map<std::string, store_stats> present_;
};

} // namespace partita::store
