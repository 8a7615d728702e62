// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/messages/ids.hpp"
#include "partita/messages/message.hpp"
#include "partita/messages/partition.hpp"
#include "partita/messages/session_terms.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace partita {

/// Why a record was published.
enum class lifecycle : std::uint8_t {
  empty,
  cold_start,
  planned_scale,
  emergency,
  rebalance,
  count
};

/// One partition in a record, with the fencing token of its grant: the version of the
/// record that granted it. The token stays as long as the grant lasts.
struct grant {
  partita::partition partition;
  version token;
  /// For people: why it was given, or in partitions_revoked why it is taken away. Empty:
  /// not known.
  std::string reason = {};
  PARTITA_MESSAGE(grant, x.partition, x.token, x.reason)
};

/// One partition that a record takes away.
struct revocation {
  partita::partition partition;
  /// For people; empty: not known.
  std::string reason = {};
  PARTITA_MESSAGE(revocation, x.partition, x.reason)
};

/// What the store says one worker owns: the value of `assignment.<worker id>`. A worker
/// creates its own empty one; only leaders change it; it is never deleted.
struct record {
  partita::version version;
  partita::lifecycle lifecycle = lifecycle::empty;
  std::vector<grant> partitions;
  partita::epoch epoch;
  worker_id leader;
  /// The incarnation that this record is addressed to.
  nonce worker_nonce;
  /// What that incarnation stated.
  session_terms terms = {};
  /// Partitions taken away whose end the worker has not confirmed yet.
  std::vector<revocation> revoking;
  /// 1 to 3: this worker is the first, second or third standby. It follows all
  /// heartbeats and probes the leader, so that it can lead at once. 0: it does not.
  std::uint32_t standby = 0;
  PARTITA_MESSAGE(record, x.version, x.lifecycle, x.partitions, x.epoch, x.leader,
                  x.worker_nonce, x.terms, x.revoking, x.standby)
};

/// Where the partitions of a record stand that is too long for one value: the values of its
/// worker's keys keys::part_of with these numbers, joined, are one text that is deflated.
struct record_parts {
  std::vector<std::uint64_t> numbers;
  /// Of what the values say together, in hexadecimal digits.
  std::string sha256;
};

inline stamp stamp_of(const record& x) {
  return {x.epoch, x.version};
}

} // namespace partita
