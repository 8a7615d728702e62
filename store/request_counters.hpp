// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/messages/interfaces.hpp"

#include <caf/typed_response_promise.hpp>

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

/// INTERNAL to the stores: what became of requests, and counts of that for metrics.
namespace partita::store {

/// The failure of one kind of request as that of another; the words are the same.
template <class To, class From>
constexpr To failure_as(From x) {
  return x == From::not_connected ? To::not_connected
         : x == From::refused     ? To::refused
                                  : To::unknown;
}

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

/// Answers get_store_stats for a store: asks its running buckets, keeps their answers in
/// `state_of(self).stats`, and answers with the sum and what `complete` adds to it.
template <class Self, class Bucket, class Complete>
caf::result<store_stats>
ask_buckets(Self self, const std::vector<std::pair<std::string, Bucket>>& buckets,
            Complete complete) {
  auto finished = [self, complete] {
    auto result = state_of(self).stats.sum();
    complete(result);
    return result;
  };
  if (buckets.empty())
    return finished();
  auto promise = self->template make_response_promise<store_stats>();
  auto missing = std::make_shared<std::size_t>(buckets.size());
  auto one_less = [promise, missing, finished]() mutable {
    if (--*missing == 0)
      promise.deliver(finished());
  };
  for (const auto& [name, bucket] : buckets)
    mail(self, get_store_stats{})
        .request(bucket, caf::infinite)
        .then(
            [self, name = name, one_less](const store_stats& x) mutable {
              state_of(self).stats.told(name, x);
              one_less();
            },
            // It has ended: its last answer counts.
            [one_less](const caf::error&) mutable { one_less(); });
  return promise;
}

} // namespace partita::store
