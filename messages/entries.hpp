// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/messages/ids.hpp"
#include "partita/messages/message.hpp"
#include "partita/messages/partition.hpp"
#include "partita/messages/session_terms.hpp"

#include <algorithm>
#include <map>
#include <string>
#include <vector>

/// The values of all keys but the records (those: record.hpp). docs/protocol.md says who
/// writes which.
namespace partita {

/// Value of `worker-3` in the stable id bucket: who holds this id.
struct claim {
  partita::nonce nonce;
  /// The place that the holder runs in (pod, host, slot); empty if it has none.
  std::string instance;
  /// Unix time in seconds; for people only, nothing is decided by it.
  std::int64_t claimed_at = 0;
  std::int64_t renewed_at = 0;
  /// Given back on purpose: free for any worker at once.
  bool released = false;

  friend bool operator==(const claim&, const claim&) = default;
};

/// Value of `leader` in the election bucket, written as `worker-3:<unix
/// seconds>:<nonce>`.
struct leader_entry {
  partita::worker_id worker_id;
  /// Unix time in seconds; for people only.
  std::int64_t at = 0;
  partita::nonce nonce;

  friend bool operator==(const leader_entry&, const leader_entry&) = default;
};

/// Value of `epoch` in the assignment bucket: the order of leaders.
struct epoch_entry {
  partita::epoch epoch;
  worker_id leader;
  /// Names this leadership, not the worker's incarnation.
  partita::nonce nonce;
  /// bucket_identity::server: who still meets it need not wait because its connection is
  /// new. Empty: nothing may be granted yet, or there is no such server.
  std::string server_id = {};
  /// By `partita init`: when the bucket was made, unix time in microseconds. 0: by a leader.
  std::int64_t created = 0;
  /// From this write on nothing is granted for so long, and why; for people.
  std::int64_t waits_ms = 0;
  std::string waits_for = {};

  friend bool operator==(const epoch_entry&, const epoch_entry&) = default;
};

/// Value of `group` in the assignment bucket: which group owns this store. Written once,
/// by a worker that finds none.
struct group_entry {
  /// Random: tells this group from another one of the same name in another store.
  nonce group_uid;
  /// group.name.
  std::string group;
  partita::ownership ownership = ownership::exclusive;

  friend bool operator==(const group_entry&, const group_entry&) = default;
};

/// Value of `claim.<partition>` in the claims bucket: under which token the partition's
/// messages are consumed, and where the next owner continues (docs/consuming.md).
struct consumer_claim {
  /// 0: none has claimed it.
  version token;
  /// The owner's consumer, which it makes once this is written.
  std::string consumer;
  /// The first stream sequence that is for it; all before was acknowledged.
  std::uint64_t start = 1;
  /// The consumer before it, which the owner removes.
  std::string old;
  /// When the stream was made, unix time in microseconds: its sequences are those of this
  /// incarnation.
  std::int64_t stream_created = 0;

  friend bool operator==(const consumer_claim&, const consumer_claim&) = default;
};

/// What a heartbeat says. The first three are states of a living worker; the others are
/// marks: the incarnation of that nonce has ended, or is ordered to end.
enum class beat_state : std::uint8_t {
  joining,
  working,
  draining,
  stopped,
  restarting,
  expelled,
  forced,
  count
};

/// Whether `x` is a state of a live worker.
inline bool is_living(beat_state x) {
  return x <= beat_state::draining;
}

/// The greatest format of records that this program reads and writes. 2: grants by token and
/// reason, partitions by name, and large records deflated.
inline constexpr std::uint64_t newest_record_format = 2;

/// Value of `heartbeat.worker-3`: that the worker is alive, and what it has applied.
struct beat {
  partita::nonce nonce;
  /// The incarnation of the same worker id that this one takes the place of, if any.
  partita::nonce replaces;
  /// Unix time in seconds; for people only.
  std::int64_t at = 0;
  beat_state state = beat_state::joining;
  /// The newest record that took effect, with every listener's confirmation.
  stamp applied;
  /// The newest record that was received.
  stamp seen;
  /// Partitions taken away on which work has not ended yet.
  std::vector<partition> stopping;
  /// Share of work that the worker wants compared with others; no unit, default 100.
  std::int64_t capacity = 100;
  /// Free text: where the worker runs.
  std::string zone;
  session_terms terms = {};
  /// Settings that should be the same in the whole group, by name, as text.
  std::map<std::string, std::string> settings = {};
  std::string program_version;
  /// The greatest format of records that the worker reads.
  std::uint64_t record_format = newest_record_format;
  PARTITA_MESSAGE(beat, x.nonce, x.replaces, x.at, x.state, x.applied, x.seen, x.stopping,
                  x.capacity, x.zone, x.terms, x.settings, x.program_version,
                  x.record_format)
};

// -- which epochs and versions an entry may name ----------------------------------------
//
// A greater one was not written by this group: accepted, it would use up the numbers that are
// left below 2^53.

/// The longest heartbeat.ttl that an incarnation can state, in milliseconds: one day.
inline constexpr std::uint64_t longest_ttl_ms = 24 * 60 * 60 * 1000;

/// An epoch is at most so far ahead of the server's clock at the write of the entry that
/// names it. Clocks of a group differ by less.
inline constexpr std::uint64_t epoch_lead_seconds = 24 * 60 * 60;

/// `stored_at_ns`: the server's time stamp of the entry, nanoseconds since 1970; 0: not
/// known, then only what no JSON reader keeps exactly is too much.
///
/// No sequence of leader changes runs out of numbers: who finds epoch e in an entry that
/// was stored at second t takes e + 1 at t + 1 or later, and the limit grows by 1 a
/// second; in each second it has room for 2^20 versions more (docs/protocol.md, Numbers).
inline epoch greatest_epoch(std::int64_t stored_at_ns) {
  // All versions of this one stay below 2^53.
  auto last = max_exact_number / versions_per_epoch - 2;
  if (stored_at_ns <= 0)
    return {last};
  auto second = static_cast<std::uint64_t>(stored_at_ns) / 1'000'000'000;
  return {std::min(second + epoch_lead_seconds, last)};
}

/// The versions of an epoch begin above epoch x versions_per_epoch.
inline version greatest_version(std::int64_t stored_at_ns) {
  return {(greatest_epoch(stored_at_ns).value + 1) * versions_per_epoch};
}

} // namespace partita
