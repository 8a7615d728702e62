// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/actors/options.hpp"
#include "partita/messages/store.hpp"

#include <vector>

namespace partita {

struct wanted_bucket {
  open_bucket wanted;
  /// By which option its entries live; empty: they stay.
  const char* ttl_option = "";
};

/// The buckets of a group: of ids, election, heartbeats, assignments, control, partitions. TTLs
/// sweep what is not wanted any more; nothing is decided by them. A bucket that was made with other
/// times will do if its entries outlive what they stand for.
std::vector<wanted_bucket> wanted_buckets(const worker_options& options);

} // namespace partita
