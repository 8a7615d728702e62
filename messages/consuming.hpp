// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/messages/message.hpp"

#include <map>
#include <string>

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

} // namespace partita

PARTITA_TYPE_IDS(partita_consuming, 2400, consumers_given)
