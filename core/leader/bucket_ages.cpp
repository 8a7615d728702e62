// SPDX-License-Identifier: Apache-2.0
#include "partita/core/leader/bucket_ages.hpp"

#include <algorithm>
#include <utility>

namespace partita::core {

namespace {

/// A bucket older than any session does not matter; `seen_at` less its age may precede the
/// boot.
constexpr std::chrono::hours oldest{48};

std::optional<time_point> made_at(time_point seen_at, std::int64_t created_at_ns,
                                  std::int64_t stored_at_ns) {
  auto age = std::chrono::nanoseconds{
      std::max<std::int64_t>(created_at_ns == 0 ? 0 : stored_at_ns - created_at_ns, 0)};
  return age < oldest ? std::optional{seen_at - age} : std::nullopt;
}

} // namespace

partita::epoch bucket_ages::epoch_shown(const epoch_entry& entry,
                                        std::int64_t stored_at_ns, time_point now) {
  if (entry.epoch != ours_)
    return entry.epoch;
  if (entry.nonce != self_)
    return {ours_.value + 1};
  epoch_seen_at_ = now;
  epoch_stored_at_ns_ = stored_at_ns;
  return ours_;
}

std::optional<time_point> bucket_ages::records_made_at(std::int64_t created_at_ns) const {
  return made_at(*epoch_seen_at_, created_at_ns, epoch_stored_at_ns_);
}

void bucket_ages::beat_shown(time_point seen_at, std::int64_t stored_at_ns) {
  if (stored_at_ns <= newest_beat_ns_)
    return;
  newest_beat_ns_ = stored_at_ns;
  newest_beat_at_ = seen_at;
}

std::optional<time_point> bucket_ages::beats_replayed(time_point seen_at,
                                                      std::int64_t created_at_ns) {
  if (std::exchange(beats_replayed_, true))
    return std::nullopt;
  return made_at(newest_beat_at_.value_or(seen_at), created_at_ns, newest_beat_ns_);
}

} // namespace partita::core
