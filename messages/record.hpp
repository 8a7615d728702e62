#pragma once

#include "partita/messages/ids.hpp"
#include "partita/messages/partition.hpp"

#include <string_view>

namespace partita {

/// Why a record was published.
enum class lifecycle : std::uint8_t {
  empty,
  cold_start,
  planned_scale,
  emergency,
  rebalance
};

/// One partition in a record, with the fencing token of its grant: the version of the
/// record that granted it. The token stays as long as the grant lasts.
struct grant {
  partita::partition partition;
  version token;

  friend bool operator==(const grant&, const grant&) = default;

  template <class Inspector>
  friend auto inspect(Inspector& f, grant& x) {
    return f(caf::meta::type_name("grant"), x.partition, x.token);
  }
};

/// What the store says one worker owns: the value of `assignment.<worker id>`. A worker
/// creates its own empty one; only leaders change it; nobody deletes it.
struct record {
  partita::version version;
  partita::lifecycle lifecycle = lifecycle::empty;
  std::vector<grant> partitions;
  partita::epoch epoch;
  worker_id leader;
  /// The incarnation that this record is addressed to.
  nonce worker_nonce;
  /// Partitions taken away whose end the worker has not confirmed yet.
  std::vector<partition> revoking;
  /// 1 to 3: this worker is the first, second or third in reserve. It follows all
  /// heartbeats and probes the leader, so that it can lead at once. 0: it does not.
  std::uint32_t standby = 0;

  friend bool operator==(const record&, const record&) = default;

  template <class Inspector>
  friend auto inspect(Inspector& f, record& x) {
    return f(caf::meta::type_name("record"), x.version, x.lifecycle, x.partitions,
             x.epoch, x.leader, x.worker_nonce, x.revoking, x.standby);
  }
};

inline stamp stamp_of(const record& x) {
  return {x.epoch, x.version};
}

} // namespace partita
