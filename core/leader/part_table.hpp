// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/core/leader/records/partition_index.hpp"
#include "partita/messages/codec.hpp"
#include "partita/messages/store.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <variant>
#include <vector>

namespace partita::core {

/// The parts of records that are too long for one value, as a leader's watch shows them: it
/// shows the parts of a record before the record. Tells what a record says, how one is written
/// in parts, and which parts can go.
///
/// Promises:
/// - A part is written over or removed only if the record that was shown last does not name it,
///   is newer, and has this leader's epoch; and by compare-and-set. No older leader's record can
///   take effect any more that names it, and no newer record names what is older than this one
///   without this one.
class part_table {
public:
  /// `index`, which outlives this, numbers what records name.
  part_table(epoch ours, partition_index& index) : ours_{ours}, index_{index} {}

  /// A part's key, with a value or its removal (`revision` 0: it is merely absent).
  void shown(const worker_id& who, std::uint64_t number, const kv_entry& x);
  /// The record that this entry holds; its parts must be known.
  decoded<record_ptr> read(const worker_id& who, const kv_entry& x);
  void gone(const worker_id& who);

  /// Begins to write a record: its parts, if it has any, one after the other, and then the
  /// record that names them. No value is longer than `most`. Returns the first write; expected
  /// revision 0: the key has none. One at a time for each worker.
  kv_update begin(const worker_id& who, const record_ptr& x, std::uint64_t format,
                  revision expected, std::size_t most);
  /// The answer to that, or to the one before. Returns the next write, or the outcome for the
  /// record: where a part could not be written, the record certainly was not.
  std::variant<kv_update, kv_written> answered(const worker_id& who, kv_written x);

  /// The removals of the parts that the record does not name.
  std::vector<kv_remove> surplus(const worker_id& who) const;

private:
  struct of_worker {
    std::map<std::uint64_t, kv_entry> known;
    /// A write showed that they are not as known, because the store has lost something. No watch
    /// tells that; other numbers are used until it shows these again.
    std::set<std::uint64_t> doubtful = {};
    /// By the record that was shown last.
    record_parts named = {};
    /// Its revision if it can be read and our epoch stands in it.
    revision ours = {};
    /// What is being written, in this order; the last one is the record.
    std::deque<kv_update> writes = {};
    /// The record that was written last and not seen yet, and its text: it need not be parsed.
    std::string sent = {};
    record_ptr sent_record = {};

    bool is_of_no_use(std::uint64_t number, const kv_entry& x) const;
    std::vector<std::uint64_t> free(std::size_t count) const;
    void write(const worker_id& who, const record& x, revision expected,
               std::size_t most);
  };

  epoch ours_;
  partition_index& index_;
  std::map<worker_id, of_worker, by_number> all_;
};

} // namespace partita::core
