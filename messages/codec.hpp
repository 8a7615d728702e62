// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/messages/entries.hpp"
#include "partita/messages/partition.hpp"
#include "partita/messages/record.hpp"

#include <functional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// The store's values, and back: text, of large records deflated. Reading never throws: what
/// cannot be read is a value that says why. Unknown members are ignored (a newer worker may write them),
/// missing ones of parti's subset (version, lifecycle, partitions) are errors, numbers
/// above max_exact_number are refused as corrupt, and so are epochs and versions that an
/// entry stored at `stored_at_ns` cannot name (entries.hpp).
namespace partita {

/// Why a value could not be read: what was found and what was expected.
struct malformed {
  std::string why;

  friend bool operator==(const malformed&, const malformed&) = default;
};

template <class T>
using decoded = std::variant<T, malformed>;

/// In this format, which all readers of the group must know, by their heartbeats. A record
/// that names no partition is the same in each and states the first; one that is longer than
/// 1 MiB in the first is of the second.
std::string to_text(const record& x, std::uint64_t format = newest_record_format);
std::string to_text(const claim& x);
std::string to_text(const consumer_claim& x);
std::string to_text(const leader_entry& x);
std::string to_text(const epoch_entry& x);
std::string to_text(const beat& x);
std::string to_text(const group_entry& x);

/// The value of a record whose partitions stand in parts.
std::string to_text(const record& x, const record_parts& parts);

/// What to write for the partitions of a record that is too long for one value, and the
/// SHA-256 for its record_parts.
struct split_record {
  std::vector<std::string> parts;
  std::string sha256;
};
/// At most `most` bytes each, which is not 0.
split_record split(const record& x, std::size_t most);

/// A record as its key says it: with `parts`, `value` names no partition.
struct stored_record {
  record value;
  record_parts parts = {};
  std::int64_t stored_at_ns = 0;
};
decoded<stored_record> stored_record_from(std::string_view text,
                                          std::int64_t stored_at_ns);
/// The value of this worker's part of that number; null: it is not known.
using part_finder = std::function<const std::string*(std::uint64_t)>;
/// The whole record.
decoded<record> joined(stored_record x, const part_finder& find);
/// Both steps in one. Without `find` no part is known.
decoded<record> record_from(std::string_view text, std::int64_t stored_at_ns,
                            const part_finder& find = {});

decoded<claim> claim_from(std::string_view text);
decoded<consumer_claim> consumer_claim_from(std::string_view text,
                                            std::int64_t stored_at_ns);
/// parti's form without a nonce (`worker-3:<unix seconds>`) is read too.
decoded<leader_entry> leader_from(std::string_view text);
decoded<epoch_entry> epoch_from(std::string_view text, std::int64_t stored_at_ns);
decoded<beat> beat_from(std::string_view text, std::int64_t stored_at_ns);
decoded<group_entry> group_from(std::string_view text);

/// The words that stand in JSON, events and logs: "cold_start", "working".
std::string_view to_string(lifecycle x);
std::string_view to_string(beat_state x);

// -- the entries of the partitions bucket ------------------------------------------------

// One key for each partition, `p.` and its name; the value is JSON, `{"weight":100}`.
// docs/protocol.md says who writes them.

inline constexpr std::string_view partition_prefix = "p.";

/// The key of the partition of this name: `p.orders.7`.
std::string partition_key(std::string_view name);

/// The partition of this name, with the ordinary weight: its keys are what stands between
/// the dots.
partition partition_named(std::string_view name);

/// Why no key of a bucket can bear this name, and what to do; empty if one can.
std::string why_no_entry(std::string_view name);

/// Value of a partition's entry.
std::string entry_text(const partition& x);

/// Reads an entry; the key must begin with partition_prefix. A weight that is missing is
/// the ordinary one, one below 0 or above max_partition_weight is refused.
decoded<partition> partition_from(std::string_view key, std::string_view value);

} // namespace partita
