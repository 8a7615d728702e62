// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/core/time.hpp"
#include "partita/messages/partition.hpp"

#include <cstddef>
#include <optional>
#include <vector>

namespace partita::core {

/// What a leader knows of the list of partitions.
///
///   nothing heard --given------------------> listed, for good
///        |                                     ^
///        +--unknown, or silent for `patience`--+--> not to be had: named by the records
///
/// Promises: a list that was given stays until the next one, whatever the source says or
/// fails to say after it; silence is told once, and never after the source has spoken.
class known_partitions {
public:
  struct options {
    /// A source that says nothing for so long counts as one that cannot.
    duration patience{};
  };

  /// What a list is, compared with what was known before.
  struct change {
    /// How many partitions no list had, nor any record named, before.
    std::size_t added = 0;
    /// The same partitions with the same weights in the same order.
    bool same = true;
  };

  explicit known_partitions(options opts) : options_{opts} {}

  /// The whole list.
  change given(const std::vector<partition>& list);
  /// The source cannot say it.
  void unknown() { unknown_ = true; }
  /// What the records name, to go on with. Of no effect once there is a list.
  void go_on_with(std::vector<partition> named);
  /// True, once: the source has been silent for too long, and counts as one that cannot.
  /// The first call begins the wait.
  bool fell_silent(time_point now);
  std::optional<time_point> wake_at() const;

  /// Whether nothing is left to wait for: there is a list, or it cannot be had.
  bool answered() const { return listed_ || unknown_; }
  /// Whether it can be planned with. A plan for a group whose partitions nobody knows
  /// would be a plan for none; a list that is really empty is one.
  bool usable() const { return listed_ || !all_.empty(); }
  /// In the order of the source; empty while nothing is known.
  const std::vector<partition>& all() const { return all_; }

private:
  options options_;
  std::vector<partition> all_;
  bool listed_ = false;
  bool unknown_ = false;
  std::optional<time_point> silent_at_;
};

} // namespace partita::core
