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

} // namespace partita::config
