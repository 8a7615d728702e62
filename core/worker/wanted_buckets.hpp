// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/messages/options.hpp"
#include "partita/messages/store.hpp"

#include <vector>

namespace partita::core {

struct wanted_bucket {
  open_bucket wanted;
  /// The option that decides how long its entries live; empty: they do not expire.
  const char* ttl_option = "";
};

/// The buckets of a group: ids, election, heartbeats, assignments, control, partitions.
/// TTLs only remove old entries; nothing is decided by them. A bucket that was made with
/// another TTL will do if its entries live at least `least_ttl`.
std::vector<wanted_bucket> wanted_buckets(const bucket_options& names,
                                          std::chrono::milliseconds id_ttl,
                                          const election_options& election,
                                          const heartbeat_options& heartbeat,
                                          const rebalance_options& rebalance);

} // namespace partita::core
