// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/core/time.hpp"
#include "partita/messages/reports.hpp"
#include "partita/messages/store.hpp"

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace partita::core {

/// Knows the newest heartbeat of each worker, and when this process first saw it. Silence is
/// counted from that moment, and it must not depend on who leads: a new leader learns it from
/// here.
///
///   incomplete --replayed--> complete
///       ^                       |
///       +-- interrupted, -------+
///           bucket_changed: forgets all
class roster {
public:
  /// `longest_ttl`: the longest heartbeat.ttl that is known.
  explicit roster(std::chrono::milliseconds longest_ttl) : longest_ttl_{longest_ttl} {}

  /// What every listener is to receive, if it is new. `why` of what cannot be read says why.
  std::optional<roster_news> shown(const worker_id& who, const kv_entry& entry,
                                   time_point now);
  /// The key has no value any more; `mark`: the revision of the delete mark, 0 if there is none.
  std::optional<roster_news> gone(const worker_id& who, revision mark, time_point now);
  roster_news replayed(const bucket_identity& bucket, time_point now);
  roster_news interrupted(time_point now) {
    complete_ = false;
    return news_of(kind::interrupted, now);
  }
  roster_news bucket_changed(const bucket_identity& bucket, std::string why,
                             time_point now);

  /// What a new listener has missed.
  std::vector<roster_news> known(time_point now) const;
  /// The longest heartbeat.ttl that any worker has stated.
  std::chrono::milliseconds longest_ttl() const { return longest_ttl_; }

private:
  using kind = roster_news::kind;

  roster_news news_of(kind what, time_point now) const;
  roster_news replayed_news(time_point now) const {
    auto result = news_of(kind::replayed, now);
    result.seen_at = *complete_since_;
    return result;
  }
  std::optional<roster_news> remember(roster_news what);

  std::chrono::milliseconds longest_ttl_;
  std::map<worker_id, roster_news> known_;
  bool complete_ = false;
  /// When all heartbeats were first shown in this incarnation of the bucket.
  std::optional<time_point> complete_since_;
  /// When the bucket was made; nanoseconds since 1970.
  std::int64_t created_at_ns_ = 0;
};

} // namespace partita::core
