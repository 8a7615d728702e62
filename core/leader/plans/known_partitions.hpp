// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/core/leader/records/partition_index.hpp"
#include "partita/core/time.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <utility>

namespace partita::core {

/// What a leader knows of the list of partitions.
///
///   nothing known --given------------------> listed, for good
///        |                                     ^
///        +--unknown, or silent for `patience`--+--> unavailable: what the records name
///
/// Promises: a list that was given stays until the next one, whatever the source says or
/// fails to say after it; silence is reported once, and never after an answer.
class known_partitions {
public:
  struct options {
    /// A source that is silent for so long counts as unable to give its list.
    duration patience{};
  };

  /// What a list is, compared with what was known before.
  struct change {
    /// How many partitions were in no list and in no record before.
    std::size_t added = 0;
    /// The same partitions with the same weights in the same order.
    bool same = true;
  };

  explicit known_partitions(options opts) : options_{opts} {}

  /// The whole list.
  change given(partition_list_ptr list);
  /// The source cannot give the list.
  void unknown() { unknown_ = true; }
  /// The partitions that records name, to go on with. Ignored once there is a list.
  void go_on_with(partition_list_ptr named);
  /// True, once: the source has been silent for too long and counts as unable to give its
  /// list. The first call begins the wait.
  bool fell_silent(time_point now);
  std::optional<time_point> wake_at() const;

  /// Whether nothing is left to wait for: there is a list, or it is unavailable.
  bool answered() const { return listed_ || unknown_; }
  /// Whether plans can be made with it. Without a known list a plan would be one for no
  /// partitions; a list that is really empty counts as known.
  bool usable() const { return listed_ || all_->size() > 0; }
  /// Whether the source has given a list.
  bool listed() const { return listed_; }
  /// In the order of the source; empty while nothing is known.
  const partition_list_ptr& all() const { return all_; }

private:
  options options_;
  partition_list_ptr all_ = std::make_shared<const partition_list>();
  bool listed_ = false;
  bool unknown_ = false;
  std::optional<time_point> silent_at_;
};

} // namespace partita::core
