// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/messages/message.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace partita {

/// The greatest weight that a list of partitions may give: sums stay below 2^53, which JSON
/// carries exactly.
inline constexpr std::int64_t max_partition_weight = 1'000'000'000;

/// The unit of ownership. Its keys are its identity; its weight says how much work it is
/// compared with others.
struct partition {
  std::vector<std::string> keys;
  /// No unit; 100 is an ordinary partition. Strategies say what a weight <= 0 means.
  std::int64_t weight = 100;
  PARTITA_MESSAGE(partition, x.keys, x.weight)
};

/// The keys joined by '.': how people and events name a partition. A list of partitions
/// in which two share a name is refused where it enters (see config and partition
/// sources).
std::string name_of(const partition& x);

/// Says why `xs` cannot be used as a group's partitions, or nothing if it can: a
/// partition without keys, an empty key, or two partitions of one name.
std::string why_unusable(const std::vector<partition>& xs);

} // namespace partita
