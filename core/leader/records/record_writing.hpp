// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/core/leader/records/record_slot.hpp"
#include "partita/messages/entries.hpp"

#include <cstdint>
#include <optional>
#include <variant>

namespace partita::core {

/// INTERNAL to the reconciler: writes one record at a time of each worker, by compare-and-set,
/// and gives the versions.
class record_writing {
public:
  /// What a step means for the reconciler.
  enum class outcome : std::uint8_t {
    /// Nothing has changed.
    waits,
    /// Write `under_way` over `expected`.
    write,
    /// Read the record from the stream's leader.
    read,
    /// The record says what was written.
    landed,
    /// It was not written, or not over what was expected: look at it again.
    failed
  };
  struct result {
    outcome what = outcome::waits;
    revision expected;
  };

  /// `index` outlives this.
  record_writing(partita::epoch ours, duration pause, partition_index& index)
      : epoch_{ours}, pause_{pause}, index_{index} {}

  /// Gives `next` the next version, and its new grants that token. False: there is none before
  /// the server's clock has gone on; the slot is tried again then.
  bool give_version(record_slot& x, numbered_record& next, time_point now);
  /// Only while the slot's writer is not busy.
  result begin(record_slot& x, numbered_record next, time_point now);
  result answered(record_slot& x, const kv_written& answer, time_point now);
  result looked(record_slot& x, const kv_read& answer, time_point now);
  result tick(record_slot& x, time_point now);

  /// The greatest version that any record has, or that was given here.
  partita::version newest() const { return newest_; }
  void saw(partita::version x) { newest_ = std::max(newest_, x); }
  /// No record has a version above `most`: readers would refuse it.
  void versions_up_to(partita::version most) { most_ = most; }

private:
  partita::version next_version();
  result step(record_slot& x, const key_writer::step& what, time_point now);
  void landed(record_slot& x, const key_writer::landed& what);
  void taken(record_slot& x, const key_writer::taken& what, time_point now);

  partita::epoch epoch_;
  duration pause_;
  partition_index& index_;
  partita::version newest_;
  partita::version most_ = greatest_version(0);
  /// Only with the failpoint of that name.
  std::uint64_t restarted_ = 0;
};

} // namespace partita::core
