// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/app/inspect/group_view.hpp"
#include "partita/core/leader/plans/planning_view.hpp"
#include "partita/messages/control.hpp"
#include "partita/messages/entries.hpp"
#include "partita/messages/record.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

/// A group as its buckets show it, without asking any worker.
namespace partita::app {

/// One worker that left a trace in the group's buckets.
struct member {
  worker_id id;
  /// Missing: no heartbeat (any more). The worker may have gone.
  std::optional<beat> last_beat;
  /// There is one, but it cannot be read.
  bool beat_unreadable = false;
  /// How much older than the newest entry of the group the heartbeat is, by the server's
  /// time stamps, and by our clock since that entry was shown.
  std::int64_t beat_age_ms = 0;
  /// Missing: the leader has not met this worker and neither has it joined.
  std::optional<partita::record> record;
  /// When the record was written, by the server's clock, nanoseconds since 1970.
  std::int64_t record_stored_at_ns = 0;
  /// The place that holds this id; empty if it has none.
  std::string instance;
  std::optional<directive> cordoned;
  std::optional<directive> drained;
};

struct unreadable_entry {
  std::string bucket;
  std::string key;
  std::string why;
};

/// No rebalance is made as long as it holds.
struct pause_status {
  std::string id;
  /// How long it still holds, by the server's time stamps. Above 0.
  std::int64_t left_ms = 0;
  partita::directive directive;
};

struct pin_status {
  std::string partition;
  worker_id worker;
  partita::directive directive;
};

/// A partition that was taken away from its owner and has not got another one yet.
struct hand_off {
  std::string partition;
  worker_id from;
  /// What is waited for.
  std::string waits_for;
};

/// A worker that owns nothing and has joined after the newest plan.
struct waiting_worker {
  worker_id id;
  /// Since its record was written, by the server's time stamps.
  std::int64_t for_ms = 0;
  std::string waits_for;
};

/// A partition on which no worker works.
struct unowned_partition {
  std::string name;
  std::string why;
};

struct group_status {
  std::string group;
  std::optional<leader_entry> leader;
  std::optional<epoch_entry> epoch;
  /// How long the leader still grants nothing (epoch_entry::waits_for); 0: it may grant.
  std::int64_t grants_wait_ms = 0;
  /// The greatest one in any record; 0: nothing was published yet.
  partita::version version;
  /// By the number of their ids.
  std::vector<member> members;
  std::vector<unreadable_entry> unreadable;
  /// Partitions that stand in the records of two workers: a move under way, or a record
  /// of a worker that is gone.
  std::vector<std::string> named_twice;
  /// Those that have run out are left out. The one that holds longest comes first.
  std::vector<pause_status> pauses;
  std::vector<pin_status> pins;
  /// Requested, and not carried out yet.
  std::optional<directive> rebalance;
  std::optional<directive> step_down;
  std::vector<hand_off> hand_offs;
  std::vector<waiting_worker> waiting;
  std::vector<unowned_partition> unowned;
  /// Settings that differ between live workers, and how; empty: none do.
  std::string settings_differ;
  /// The newest entry's time stamp and what has passed since: the server's clock, as well
  /// as it is known.
  std::int64_t server_ns = 0;
  /// By which a leader counts.
  core::planning_view::rules rules;
};

/// Reads the entries. What cannot be read stands in `unreadable`; keys of another form
/// are not ours and are left out. `known`: names of partitions that the group should
/// have; those without a trace in the records count as unowned, too. `rules` are those of
/// our configuration; where the group states its ownership, that counts.
group_status examine(const group_entries& entries,
                     const std::vector<std::string>& known = {},
                     const core::planning_view::rules& rules = {});

/// The group as a leader sees it when it plans. Refers to `x`.
core::planning_view view_of(const group_status& x);

/// The member of that id, or null.
const member* find(const group_status& x, const worker_id& id);

/// Whether its heartbeat is of a live incarnation, and its record names no other one.
bool lives(const member& x);

/// Names of the partitions in its record, in the order of the record.
std::vector<std::string> names_of(const member& x);

/// The weight of the partitions in its record.
std::int64_t weight_of(const member& x);

/// What the loads of workers are measured by.
struct group_load {
  /// Of all partitions that have an owner.
  std::int64_t weight = 0;
  /// Of the live workers but the drained ones, which have no share in a plan.
  std::int64_t capacity = 0;
};

group_load load_of(const group_status& x);

/// Names of all partitions in the records, as people read them.
std::vector<std::string> partition_names(const group_status& x);

/// For a worker that left no trace: says so, with the nearest id or with all ids if they
/// are few.
std::string unknown_worker(const group_status& x, const worker_id& typed);

/// For a partition that is none of `names`: the same.
std::string unknown_partition(const std::vector<std::string>& names,
                              const std::string& typed);

/// `text`, who gave the directive, and why.
std::string with_note(std::string text, const directive& x);

/// How much of a group people see.
struct status_style {
  /// All workers, names and lines; else of long lists the first ones, and of workers those that are
  /// not as most are before others.
  bool all = false;
  bool colours = false;
};

/// For people: what leads, then one row for each worker, then what is under way and what
/// is wrong.
std::string to_table(const group_status& x, const status_style& how = {});

/// For programs: one line, all partitions by name.
std::string to_json(const group_status& x);

/// A row for each worker with all that is known of it. LOAD is its part of the weight of all
/// partitions that have an owner, against the part that corresponds to its capacity.
std::string workers_table(const group_status& x, bool colours = false);

/// One line: `group` and `workers`.
std::string workers_json(const group_status& x);

/// to_json without what merely grows older: differs only if something has happened.
std::string gist_of(const group_status& x);

} // namespace partita::app
