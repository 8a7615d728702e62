// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/app/output/names.hpp"
#include "partita/messages/ids.hpp"
#include "partita/messages/partition.hpp"
#include "partita/messages/store.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

/// What an operator's command changes in the bucket of the partitions: decided here,
/// written by partition_writer.
namespace partita::app {

/// What the bucket says of one partition.
struct partition_entry {
  /// Nothing if the entry cannot be read; then `why_bad` says why.
  std::optional<std::int64_t> weight;
  std::string why_bad = {};
  partita::revision revision = {};
};

/// By the partition's name, in the order in which people read.
using partition_entries = std::map<std::string, partition_entry, by_reading>;

/// Takes what a watch of the bucket shows; leaves out keys of other kinds.
void take(partition_entries& all, const watch_event& what);

/// One write. An addition has no `from`, a removal no `to`, unless that cannot be read.
struct partition_change {
  enum class kind : std::uint8_t { add, remove, set_weight };
  kind what = kind::add;
  std::string name;
  std::optional<std::int64_t> from = {};
  std::optional<std::int64_t> to = {};
  /// Of the entry that is replaced.
  partita::revision expected = {};

  friend bool operator==(const partition_change&, const partition_change&) = default;
};

struct partition_changes {
  std::vector<partition_change> changes;
  /// How many of the named partitions need no change.
  std::size_t unchanged = 0;
  /// Why nothing may be written, a line each; empty: it may.
  std::vector<std::string> refusals;
};

/// Names are those that a bucket can hold (why_no_entry). One that is there with another
/// weight is refused: that would be no addition.
partition_changes to_add(const partition_entries& now,
                         const std::vector<std::string>& names, std::int64_t weight);

/// One that is not there is refused, with the nearest name.
partition_changes to_remove(const partition_entries& now,
                            const std::vector<std::string>& names);
partition_changes to_set_weight(const partition_entries& now, const std::string& name,
                                std::int64_t weight);

/// Adds what is missing and sets weights; with `replace` removes what `list` does not name.
partition_changes to_import(const partition_entries& now,
                            const std::vector<partition>& list, bool replace);

} // namespace partita::app
