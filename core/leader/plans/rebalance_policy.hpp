// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/core/time.hpp"
#include "partita/messages/events.hpp"
#include "partita/messages/options.hpp"

#include <optional>
#include <string>

namespace partita::core {

/// When the leader makes a new plan (docs/protocol.md). It does not know who owns what:
/// it receives the kind of each change and says when to plan, and under which name.
///
///   change          waits for                                   cool-down  lifecycle
///   first plan      at least one worker                         no         cold_start
///   worker lost     nothing                                     no         emergency
///   worker left     nothing: its partitions have no owner       no         planned_scale
///   worker joined   planned-scale window (or cold-start one)    yes (no)   planned_scale
///   new partitions  the same                                    no         rebalance
///   other changes   the same                                    yes        rebalance
///   directed        nothing                                     no         rebalance
///
/// A window opens with the first change, and closes early once nothing has changed for
/// the settle time or as many workers are present as are expected. Changes of several
/// kinds are planned together: the most urgent one says when, and the first line of the
/// table that fits gives the name. What need not wait is planned at once, but never
/// within the shortest gap of the last plan: five hundred goodbyes in a second, or two
/// thousand directives, are a few plans and not one each. The cold-start window runs from
/// the first plan; while it is open, a fifth of the settle time is enough, there is no
/// cool-down, and plans do not end it. The cool-down counts from the last plan after it.
///
/// While a pause holds, only changes that leave partitions without an owner (lost, left,
/// new partitions; the first plan) are planned for, as always, and then only those
/// partitions are assigned. All else waits for the end of the pause, and so does a full
/// plan after such a partial one.
///
/// Promises: no change is ever forgotten; an emergency waits for the shortest gap alone;
/// partitions without an owner never wait for the cool-down, nor for the end of a pause.
class rebalance_policy {
public:
  /// The shortest gap, except in tests.
  static constexpr duration default_gap = std::chrono::milliseconds{200};

  enum class change : std::uint8_t {
    joined,
    left,
    lost,
    partitions_added,
    other,
    /// A directive has changed.
    directed
  };

  /// Plan now, under this name and for this reason.
  struct decision {
    partita::lifecycle lifecycle = lifecycle::empty;
    std::string reason;
    /// A pause holds: only partitions without an owner are assigned.
    bool orphans_only = false;
  };

  explicit rebalance_policy(const rebalance_options& options,
                            duration shortest_gap = default_gap)
      : options_{options}, shortest_gap_{shortest_gap} {}

  /// A new leader takes over; `cold`: no record names a partition.
  void begin(bool cold);
  /// `reason` for people; `present`: how many workers there are now.
  void changed(change what, std::string reason, std::size_t present, time_point now);
  /// No rebalance until then; nothing: no pause holds.
  void pause(std::optional<time_point> until) { paused_until_ = until; }
  bool paused(time_point now) const { return paused_until_ && now < *paused_until_; }
  /// Whether it is time; if so, the changes so far count as planned for.
  std::optional<decision> next(std::size_t present, time_point now);
  /// When `next` returns a decision; nothing while no worker is present.
  std::optional<time_point> wake_at(std::size_t present) const;

  /// stable, scaling, rebalancing or emergency: what is waiting to be planned.
  worker_state phase() const;
  const std::string& reason() const { return reason_.empty() ? owed_ : reason_; }

private:
  /// Once its window has passed, unless a change that belongs to it waits.
  void end_cold_start(time_point now);
  /// Whether partitions have no owner.
  bool pressing() const { return lost_ || left_ || added_; }
  time_point due(bool paused) const;
  time_point due_but_for_gap(bool paused) const;
  void forget_planned(bool orphans_only);
  partita::lifecycle name() const;

  rebalance_options options_;
  duration shortest_gap_;
  /// The first plan of a group that never had one is still to come.
  bool first_ = false;
  /// Until when changes belong to the cold start.
  std::optional<time_point> cold_until_;
  /// The one that the cool-down counts from, and the last one at all.
  std::optional<time_point> last_plan_;
  std::optional<time_point> newest_plan_;
  std::optional<time_point> paused_until_;

  // What waits to be planned for.
  bool joined_ = false;
  bool left_ = false;
  bool lost_ = false;
  bool added_ = false;
  bool other_ = false;
  bool directed_ = false;
  bool complete_ = false;
  time_point since_;
  time_point last_change_;
  std::string reason_;
  /// What was planned for only in part, because of a pause.
  std::string owed_;
};

} // namespace partita::core
