// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/core/leader/members/membership.hpp"
#include "partita/messages/record.hpp"

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace partita::core {

/// Whether a leader may grant at all (docs/protocol.md, "A new leader"): not before the
/// times given here, and not while an incarnation may work on what no record shows.
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

  /// A record was lost: for membership::longest_silence incarnations that are not known
  /// may work by it.
  void record_lost(time_point now);
  /// What this incarnation may work on is in no record; `newest`: the newest record that
  /// it may have, as far as is known. From `due` on it is overdue.
  void unrecorded(const worker_id& who, const nonce& which, stamp newest, time_point due);
  /// The store may not show what happened before; holds for membership::longest_silence.
  void doubted_since(time_point when, const char* why);
  void not_before(time_point when) { not_before_ = when; }

  /// Forgets those that have ended; returns whether there were any.
  bool forget_ended(time_point now);
  /// The same for the incarnation that sends this heartbeat and has this record.
  bool forget(const worker_id& who, const beat& pulse, const record& found);

  /// Those that live, and are unrecorded for too long.
  std::vector<incarnation> overdue(time_point now) const;
  bool any_unrecorded() const { return !unrecorded_.empty(); }
  /// Nothing is granted before.
  std::optional<time_point> until() const;
  /// For people: what is waited for; only unless is_over().
  std::string reason(time_point now) const;
  bool is_over(time_point now) const;

private:
  struct unknown {
    stamp newest;
    time_point due;
  };

  const membership& members_;
  std::map<incarnation, unknown> unrecorded_;
  /// They are kept: how long they count depends on what later heartbeats state.
  std::optional<time_point> lost_at_;
  std::optional<time_point> doubted_since_;
  const char* doubt_ = "";
  std::optional<time_point> not_before_;
};

} // namespace partita::core
