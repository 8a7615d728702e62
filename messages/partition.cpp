// SPDX-License-Identifier: Apache-2.0
#include "partita/messages/partition.hpp"

#include <unordered_set>

namespace partita {

std::string name_of(const partition& x) {
  std::string result;
  for (const auto& key : x.keys) {
    if (!result.empty())
      result += '.';
    result += key;
  }
  return result;
}

std::string why_unusable(const std::vector<partition>& xs) {
  std::unordered_set<std::string> names;
  for (std::size_t i = 0; i < xs.size(); ++i) {
    auto where = "partition " + std::to_string(i) + " ";
    if (xs[i].keys.empty())
      return where + "has no keys; every partition needs at least one";
    for (const auto& key : xs[i].keys)
      if (key.empty())
        return where + "has an empty key; keys are non-empty strings";
    auto name = name_of(xs[i]);
    if (!names.insert(name).second)
      return where + "is the second one named '" + name
             + "' (keys joined by '.'); names must differ";
  }
  return {};
}

} // namespace partita
