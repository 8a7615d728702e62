// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/core/leader/coordinator.hpp"
#include "partita/messages/stats.hpp"

#include <map>
#include <memory>
#include <optional>
#include <vector>

namespace partita::core {

/// Measures what happens to a group under one leader, from the events and commands of the
/// leader's coordinator. Decides nothing.
///
/// A partition is owned while a record grants it to an incarnation that has not ended:
///
///   list or end     granted            revoked        confirmed          granted
///   of its owner ------------> owned ------------> . ------------> . ------------> owned
///        |    without owner    |                   |    confirm    |     grant     |
///        +---------------------+                   +---------- without owner ------+
///
/// - An owner that fell silent counts as gone since its last heartbeat, once a mark or
///   another incarnation is in its place or the leader has emptied its record: the time
///   without an owner is never understated.
/// - A stop is confirmed when the leader's record says so: a write after the heartbeat.
/// - A grant to the worker that had the partition before is no move.
/// - What happened before all records were shown does not count: what they say then is
///   the start. Time without an owner begins when the list names it, at the earliest.
/// - A rebalance lasts from its plan until all records say what it wants; a plan made
///   meanwhile continues it under its own reason. One that changes nothing is none.
class handoff_timing {
public:
  /// An event of the coordinator, and the commands that it returned.
  void step(const coordinator::event& what, const coordinator::commands& done,
            time_point now);

  /// What has happened since the last call, if anything; see group_stats::add.
  std::optional<group_stats> take();

private:
  struct place {
    /// How many records grant it to an incarnation that has not ended.
    std::size_t grants = 0;
    /// The source names it.
    bool listed = false;
    /// Since when it has no owner, while it has none.
    std::optional<time_point> free_since;
    /// Its newest owner.
    worker_id owner;
    /// While it is handed over.
    std::optional<time_point> revoked_at;
    std::optional<time_point> confirmed_at;
  };

  /// What the heartbeat of a worker shows.
  struct pulse {
    nonce who;
    beat_state state = beat_state::joining;
    time_point seen_at;
  };

  /// What a worker's record says, and whether the incarnation that it names has ended.
  struct holder {
    record_ptr shown = std::make_shared<const numbered_record>();
    std::optional<pulse> beat;
    /// When the last live heartbeat of that incarnation was seen.
    std::optional<time_point> heard_at;
    /// Its grants count for nothing since then.
    std::optional<time_point> ended_at;
  };

  struct plan_under_way {
    partita::lifecycle why = lifecycle::empty;
    time_point since;
  };

  void on(const coordinator::beat_shown& what, time_point now);
  void on(const coordinator::record_shown& what, time_point now);
  void on(const coordinator::record_gone& what, time_point now);
  void on(const coordinator::records_replayed& what, time_point now);
  void on(const coordinator::partitions_given& what, time_point now);
  void on(const coordinator::write_answered& what, time_point now);
  template <class Other>
  void on(const Other&, time_point) {}

  void take_record(const worker_id& who, const record_ptr& value, time_point now);
  void judge(const worker_id& who, holder& x, time_point now);
  void hand_over(const worker_id& who, const numbered_record& before,
                 const numbered_record& after, time_point now);
  void hold(partition_number x, const worker_id& who, partita::lifecycle why,
            time_point now);
  void drop(partition_number x, time_point since);
  void follow_plans(const coordinator::commands& done, time_point now);
  place& at(partition_number x);
  bool counts() const { return live_ && given_; }

  std::map<worker_id, holder> holders_;
  /// By number.
  std::vector<place> places_;
  /// For one call: what the record of a worker grants, before and after.
  number_map granted_before_;
  number_map granted_;
  /// The same of what it takes away.
  number_map revoked_before_;
  number_map revoked_;
  /// All records were shown; the list is known.
  bool live_ = false;
  bool given_ = false;
  worker_state phase_ = worker_state::stable;
  std::optional<plan_under_way> plan_;
  group_stats news_;
  bool has_news_ = false;
};

} // namespace partita::core
