// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/app/output/names.hpp"
#include "partita/messages/ids.hpp"
#include "partita/messages/partition.hpp"
#include "partita/messages/store.hpp"

#include <map>
#include <optional>
#include <ostream>
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

// -- how people and programs read them; written as it is formatted, for lists are long ---

/// One JSON object: bucket, invalid (key, why), partitions (name, keys, weight).
void write_json(std::ostream& to, const std::string& bucket,
                const partition_entries& all);
/// A table; what cannot be read stands in it, too.
void write_table(std::ostream& to, const partition_entries& all);
/// A file of partitions that `partita partitions import` takes.
void write_partitions_file(std::ostream& to, const partition_entries& all);

/// One JSON object: added (name, weight), bucket, changed (name, from, to), dry_run, removed
/// (name, weight), unchanged.
void write_json(std::ostream& to, const std::string& bucket, const partition_changes& x,
                bool dry_run);
/// The first changes, a line each, and how many of each kind there are.
std::string to_text(const std::string& bucket, const partition_changes& x, bool dry_run);

} // namespace partita::app
