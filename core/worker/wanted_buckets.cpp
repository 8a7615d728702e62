// SPDX-License-Identifier: Apache-2.0
#include "partita/core/worker/wanted_buckets.hpp"

#include <algorithm>

namespace partita::core {

std::vector<wanted_bucket> wanted_buckets(const bucket_options& names,
                                          std::chrono::milliseconds id_ttl,
                                          const election_options& election,
                                          const heartbeat_options& heartbeat,
                                          const rebalance_options& rebalance) {
  auto bucket = [&](const std::string& name, std::chrono::milliseconds ttl = 0ms,
                    std::chrono::milliseconds least = 0ms, const char* option = "") {
    return wanted_bucket{{name, ttl, open_mode::make, names.replicas, least}, option};
  };
  auto beats_live = std::max(3 * heartbeat.ttl, rebalance.restart_hold + heartbeat.ttl);
  return {
      bucket(names.stable_id, 3 * id_ttl, 2 * id_ttl, "worker.id_ttl"),
      bucket(names.election, 3 * election.lease, 2 * election.lease, "election.lease"),
      bucket(names.heartbeat, beats_live, 2 * heartbeat.ttl, "heartbeat.ttl"),
      bucket(names.assignment),
      bucket(names.control),
      bucket(names.partitions)};
}

} // namespace partita::core
