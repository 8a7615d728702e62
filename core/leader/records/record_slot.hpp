// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/core/key_writer.hpp"
#include "partita/core/leader/members/membership.hpp"
#include "partita/core/leader/records/partition_index.hpp"
#include "partita/core/leader/records/record_facts.hpp"

#include <cstddef>
#include <map>
#include <optional>
#include <utility>

namespace partita::core {

/// INTERNAL to the reconciler: what it knows of one worker's record.
struct record_slot {
  explicit record_slot(duration pause) : writer{pause} {}

  /// What the watch shows; null if the value cannot be read.
  record_ptr value;
  partita::revision revision;
  /// The greatest version that the record ever had, whatever it holds now.
  version newest;
  bool present = false;
  /// An older leader's, and not sealed yet.
  bool unsealed = false;
  /// What stands there is older than `value`, which is to be written again.
  bool voided = false;
  /// It says what is wanted, as far as that is possible now.
  bool clean = false;
  /// A record that says exactly what is wanted, if one was seen since that changed.
  record_ptr as_wanted;
  key_writer writer;
  /// What the writer writes; not null while that is busy.
  record_ptr under_way;
  bool sealing = false;
  /// The revision of our last write: nothing is written before the watch shows it.
  partita::revision written;
  /// After a refusal.
  std::optional<time_point> retry_at;
  /// What it was `holding` when that was noted last.
  std::pair<record_ptr, record_ptr> noted;
  /// How many of its partitions are being revoked, and how many it must own.
  std::size_t moving = 0;
  std::size_t wanted = 0;
  /// Since which record, and when on our clock, a partition is being revoked.
  struct revocation {
    stamp since;
    time_point begun;
  };
  std::map<partition_number, revocation> revoked;
  /// The same for the oldest record with grants that a living owner has not applied.
  std::optional<revocation> behind;
  /// Something is not confirmed in time. A live owner is reported at each heartbeat.
  bool overdue = false;
  /// Counted among those that are not settled, and not sealed.
  bool counted = false;
  bool counted_unsealed = false;

  bool readable() const { return present && value; }
  /// What the record says is not known any more.
  void lose();
  /// What follows from what the record says now. `pulse`: its worker's, if that lives.
  void look(const beat* pulse, time_point now);
  /// A grant may wait only for a worker that follows its record.
  void follow(const beat* pulse, time_point now);
  /// What keeps partitions from other workers: the record, and what is being written if that is
  /// another one. Null: there is none.
  std::pair<record_ptr, record_ptr> holding() const;
  /// How many partitions are being revoked by what is there, or is being written.
  std::size_t moves() const;
  /// Whether it says what is wanted, and no hand-off goes on. One that is absent, or cannot be
  /// read, counts.
  bool settled() const;
  /// How many of its partitions were not confirmed within `timeout`.
  std::size_t late(duration timeout, time_point now) const;
  /// Whether its grants were not applied within that.
  bool lags(duration timeout, time_point now) const;
  std::optional<time_point> wake_at(duration timeout) const;
};

using record_slots = std::map<worker_id, record_slot, by_number>;

/// Whether any record names a partition.
bool any_named(const record_slots& all);
/// The records that can be read; points to them.
known_records readable(const record_slots& all);

} // namespace partita::core
