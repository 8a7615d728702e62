// SPDX-License-Identifier: Apache-2.0
#include "partita/config/settings.hpp"

namespace partita::config {

std::vector<partition> partitions_settings::all() const {
  if (!list.empty())
    return list;
  std::vector<partition> result;
  result.reserve(count);
  for (std::uint32_t i = 0; i < count; ++i) {
    auto& added = result.emplace_back();
    added.keys = {prefix, std::to_string(i)};
  }
  return result;
}

bool hooks_settings::used() const {
  return !assigned.empty() || !revoked.empty() || !lost.empty() || !state.empty();
}

void name_buckets(settings& s) {
  auto name = [&](std::string& bucket, const char* suffix) {
    if (bucket.empty())
      bucket = s.group.name + suffix;
  };
  name(s.buckets.stable_id, "-stableid");
  name(s.buckets.election, "-election");
  name(s.buckets.heartbeat, "-heartbeat");
  name(s.buckets.assignment, "-assignment");
  name(s.buckets.partitions, "-partitions");
  name(s.buckets.control, "-control");
}

} // namespace partita::config
