// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/core/leader/members/membership.hpp"
#include "partita/messages/record.hpp"

#include <map>
#include <optional>
#include <utility>
#include <vector>

namespace partita::core {

/// Whether a leader may grant at all (docs/protocol.md, "A new leader"): not before the times
/// that it was given, and not while an incarnation may work on what no record shows.
///
///   unrecorded --it has ended----------------------------> released
///   unrecorded --its record is read, at least as new as
///                what it may have, and it says that it
///                does what that says---------------------> released
class grant_hold {
public:
  using incarnation = std::pair<worker_id, nonce>;

  /// `members` says who has ended; it outlives this.
  explicit grant_hold(const membership& members) : members_{members} {}

  /// A record was lost: for membership::longest_silence others than those that are known may
  /// work by it.
  void record_lost(time_point now);
  /// What this incarnation may work on stands in no record; `newest`: at least up to which it
  /// has followed. From `due` on it is overdue.
  void unrecorded(const worker_id& who, const nonce& which, stamp newest, time_point due);
  /// What happened before may not show, for membership::longest_silence.
  void doubted_since(time_point when);
  void not_before(time_point when) { not_before_ = when; }

  /// Forgets those that have ended; whether there were any.
  bool forget_ended(time_point now);
  /// The same for the one that beats so and has this record.
  bool forget(const worker_id& who, const beat& pulse, const record& found);

  /// Those that live, and are unrecorded for too long.
  std::vector<incarnation> overdue(time_point now) const;
  bool any_unrecorded() const { return !unrecorded_.empty(); }
  /// Nothing is granted before.
  std::optional<time_point> until() const;
  bool is_over(time_point now) const;

private:
  struct unknown {
    stamp newest;
    time_point due;
  };

  const membership& members_;
  std::map<incarnation, unknown> unrecorded_;
  /// They stay: how long they count depends on what heartbeats state that are seen later.
  std::optional<time_point> lost_at_;
  std::optional<time_point> doubted_since_;
  std::optional<time_point> not_before_;
};

} // namespace partita::core
