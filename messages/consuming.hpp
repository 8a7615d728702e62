// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/messages/message.hpp"

#include <caf/typed_actor.hpp>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace partita {

/// To who shows assignments: the consumers of partitions that partitions_assigned names
/// next. Never sent where no stream is consumed.
struct consumers_given {
  std::string stream;
  /// The consumer's name, by the partition's.
  std::map<std::string, std::string> names;

  /// Keeps the newest of each partition.
  void add(const consumers_given& x) {
    stream = x.stream;
    for (const auto& [partition, name] : x.names)
      names.insert_or_assign(partition, name);
  }

  PARTITA_MESSAGE(consumers_given, x.stream, x.names)
};

/// How far the consumer of an owned partition is, as the store said when it was looked at last.
struct partition_lag {
  std::string partition;
  /// How many messages wait to be delivered for the first time.
  std::uint64_t pending = 0;
  /// Stream sequence up to which all is acknowledged.
  std::uint64_t floor = 0;
  PARTITA_MESSAGE(partition_lag, x.partition, x.pending, x.floor)
};

/// Requests the lag of all partitions whose consumer stands; the store is not asked for it.
struct get_lag {
  PARTITA_MESSAGE(get_lag)
};
struct consumers_lag {
  static constexpr std::size_t most_partitions = 1000;
  std::string group;
  /// No more than most_partitions, the first ones by name.
  std::vector<partition_lag> partitions;
  /// Of all partitions together.
  std::uint64_t pending = 0;
  PARTITA_MESSAGE(consumers_lag, x.group, x.partitions, x.pending)
};
using lag_actor = caf::typed_actor<handler<consumers_lag(get_lag)>>;

} // namespace partita

PARTITA_TYPE_IDS(partita_consuming, 2400, consumers_given, get_lag, consumers_lag)
