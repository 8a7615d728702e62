// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/core/time.hpp"
#include "partita/messages/entries.hpp"

#include <cstdint>
#include <optional>

namespace partita::core {

/// Knows since when a new leader's buckets may show all that happened: a bucket does not show
/// what happened before it was made (core::coordinator::doubted_since). Its age follows from
/// two times of the server's clock, when it was made and when it stored an entry, and from our
/// first sight of that entry. Both buckets count only with a sure entry: the leader's own
/// `epoch`, and the newest heartbeat.
class bucket_ages {
public:
  /// `self` names this leadership.
  bucket_ages(partita::epoch ours, nonce self) : ours_{ours}, self_{std::move(self)} {}

  /// The watch shows the key `epoch`. Returns the epoch that leads by it: another leader under
  /// our number counts as one more, so that both step down.
  partita::epoch epoch_shown(const epoch_entry& entry, std::int64_t stored_at_ns,
                             time_point now);
  /// Whether the watch has shown our epoch: without it a replay proves nothing.
  bool shows_ours() const { return epoch_seen_at_.has_value(); }
  /// Since when the bucket of the records exists, if that is short ago. Only with shows_ours().
  std::optional<time_point> records_made_at(std::int64_t created_at_ns) const;

  void beat_shown(time_point seen_at, std::int64_t stored_at_ns);
  /// The same of the bucket of the heartbeats, at their first complete replay.
  std::optional<time_point> beats_replayed(time_point seen_at,
                                           std::int64_t created_at_ns);

private:
  partita::epoch ours_;
  nonce self_;
  std::optional<time_point> epoch_seen_at_;
  std::int64_t epoch_stored_at_ns_ = 0;
  std::optional<time_point> newest_beat_at_;
  std::int64_t newest_beat_ns_ = 0;
  bool beats_replayed_ = false;
};

} // namespace partita::core
