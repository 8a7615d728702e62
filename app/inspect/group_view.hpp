// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/messages/enumeration.hpp"
#include "partita/messages/store.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

/// A group's buckets as their watches show them.
namespace partita::app {

/// The newest value of every key, by bucket. Removed keys do not stand here.
struct group_entries {
  std::string group;
  std::vector<kv_entry> election;
  std::vector<kv_entry> heartbeat;
  std::vector<kv_entry> assignment;
  std::vector<kv_entry> stable_id;
  /// Operators' directives and the history of plans.
  std::vector<kv_entry> control;
  /// How long ago, on our clock, the newest of all entries was shown; 0 when they were
  /// read once.
  std::int64_t since_newest_ns = 0;
};

enum class group_bucket : std::uint8_t {
  election,
  heartbeat,
  assignment,
  stable_id,
  control,
  count
};

/// Folds what watches show into what the buckets hold now.
class group_view {
public:
  explicit group_view(std::string group) : group_(std::move(group)) {}

  /// The bucket does not exist: it counts as empty.
  void missing(group_bucket which);

  /// It exists after all: its replay follows.
  void found(group_bucket which);

  /// Whether it showed something new.
  bool take(group_bucket which, const watch_event& x);

  /// Whether everything has been shown since the watches were begun or broke last.
  bool complete() const;

  /// The first bucket whose replay has not ended; only unless complete().
  group_bucket incomplete() const;
  /// Why that is replayed again; empty: it is the first time.
  const std::string& why_incomplete() const {
    return buckets_[static_cast<std::size_t>(incomplete())].why;
  }

  /// What a key holds; null if it has no value. Valid until the next take().
  const kv_entry* find(group_bucket which, const std::string& key) const;

  group_entries entries(std::chrono::steady_clock::time_point now) const;

private:
  struct content {
    std::map<std::string, kv_entry> newest;
    bool complete = false;
    /// Why it is replayed again.
    std::string why;
  };

  void note_newest(const watch_event& x);

  std::string group_;
  std::array<content, count_of<group_bucket>> buckets_;
  std::int64_t newest_ns_ = 0;
  std::chrono::steady_clock::time_point newest_at_;
};

} // namespace partita::app
