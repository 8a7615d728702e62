// SPDX-License-Identifier: Apache-2.0
#include "partita/actors/wanted_buckets.hpp"

#include <algorithm>

namespace partita {

std::vector<wanted_bucket> wanted_buckets(const worker_options& options) {
  const auto& o = options;
  auto bucket = [&](const std::string& name, std::chrono::milliseconds ttl = 0ms,
                    std::chrono::milliseconds least = 0ms, const char* option = "") {
    return wanted_bucket{{name, ttl, open_mode::make, o.buckets.replicas, least}, option};
  };
  auto beats_live =
      std::max(3 * o.heartbeat.ttl, o.rebalance.restart_hold + o.heartbeat.ttl);
  return {bucket(o.buckets.stable_id, 3 * o.id.ttl, 2 * o.id.ttl, "worker.id_ttl"),
          bucket(o.buckets.election, 3 * o.election.lease, 2 * o.election.lease,
                 "election.lease"),
          bucket(o.buckets.heartbeat, beats_live, 2 * o.heartbeat.ttl, "heartbeat.ttl"),
          bucket(o.buckets.assignment),
          bucket(o.buckets.control),
          bucket(o.buckets.partitions)};
}

} // namespace partita
