// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/core/time.hpp"
#include "partita/messages/partition.hpp"
#include "partita/messages/store.hpp"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

namespace partita::core {

/// Builds the list of partitions from what the watch of their bucket shows.
///
///   replaying --replayed--> shown --change--> changing --quiet--> shown
///       ^                                        |
///       +---- restarted, bucket made again ------+
///
/// Promises:
/// - Nothing is announced before a replay is complete.
/// - Changes that come together are announced together: once nothing has changed for
///   `quiet`, or `at_most` after the first. A bucket that was made again is announced
///   only once it is quiet: before that, the client that fills it has not finished.
/// - An entry that cannot be read keeps the value that it had before, or is left out if
///   it had none; the list says so.
/// - The list is empty only if a client removed the last partition. A bucket that lost
///   its entries, was deleted, or never had any is *unavailable*: what was known stays.
/// - So is one that shows nothing for `patience` after its watch broke.
class bucket_listing {
public:
  struct options {
    /// The bucket's name, for messages.
    std::string name;
    duration quiet = std::chrono::milliseconds{300};
    duration at_most = std::chrono::seconds{3};
    duration patience = std::chrono::seconds{5};
  };

  /// `trouble`: what could not be used; empty: nothing.
  struct listed {
    std::vector<partition> all;
    std::string trouble;
  };
  struct unavailable {
    std::string why;
  };
  using news = std::variant<listed, unavailable>;

  explicit bucket_listing(options opts) : options_{std::move(opts)} {}

  /// What a watch over all keys of the bucket shows.
  std::optional<news> watched(const watch_event& what, time_point now);
  std::optional<news> tick(time_point now);
  std::optional<time_point> wake_at() const;

private:
  void shown(const kv_entry& entry, time_point now);
  void removed(const kv_entry& entry, time_point now);
  void changed(time_point now);
  news announce();
  std::string trouble() const;

  options options_;
  struct by_keys {
    bool operator()(const partition& x, const partition& y) const {
      return x.keys < y.keys;
    }
  };

  std::set<partition, by_keys> good_;
  /// By key: why the newest value cannot be used.
  std::map<std::string, std::string> bad_;
  bool complete_ = false;
  /// A client removed an entry in this incarnation of the bucket.
  bool somebody_removed_ = false;
  /// The bucket was made again and has not been announced since.
  bool made_anew_ = false;
  /// The first and the last change of those that are not announced yet.
  std::optional<time_point> first_change_;
  time_point last_change_;
  /// While the watch is broken: when that is announced, and why it broke.
  std::optional<time_point> patient_until_;
  std::string why_broken_;
};

} // namespace partita::core
