// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/messages/codec.hpp"
#include "partita/messages/partition.hpp"

#include <string>
#include <string_view>

/// The entries of the partitions bucket: one key for each partition, `p.` and its name;
/// the value is JSON, `{"weight":100}`. docs/protocol.md says who writes them.
namespace partita {

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
