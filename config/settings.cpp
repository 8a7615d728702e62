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
  const auto defaults = bucket_options::of(s.group.name);
  for (auto bucket : {&bucket_options::stable_id, &bucket_options::election,
                      &bucket_options::heartbeat, &bucket_options::assignment,
                      &bucket_options::partitions, &bucket_options::control})
    if ((s.buckets.*bucket).empty())
      s.buckets.*bucket = defaults.*bucket;
}

} // namespace partita::config
