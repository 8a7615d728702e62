// SPDX-License-Identifier: Apache-2.0
#include "partita/messages/partition.hpp"

#include <algorithm>
#include <functional>
#include <unordered_set>

namespace partita {

std::string name_of(const partition& x) {
  std::string result;
  append_name(result, x);
  return result;
}

void append_name(std::string& to, const partition& x) {
  for (const auto& key : x.keys) {
    if (!to.empty())
      to += '.';
    to += key;
  }
}

std::string why_unusable(const std::vector<partition>& xs) {
  // Not all names at once in memory: only where two hashes are equal are names compared.
  std::vector<std::size_t> hashes;
  for (const auto& x : xs)
    hashes.push_back(std::hash<std::string>{}(name_of(x)));
  std::sort(hashes.begin(), hashes.end());
  auto differ = std::adjacent_find(hashes.begin(), hashes.end()) == hashes.end();
  std::unordered_set<std::string> names;
  for (std::size_t i = 0; i < xs.size(); ++i) {
    auto where = [&] { return "partition " + std::to_string(i) + " "; };
    if (xs[i].keys.empty())
      return where() + "has no keys; every partition needs at least one";
    for (const auto& key : xs[i].keys)
      if (key.empty())
        return where() + "has an empty key; keys are non-empty strings";
    if (differ)
      continue;
    auto name = name_of(xs[i]);
    if (!names.insert(name).second)
      return where() + "is the second one named '" + name
             + "' (keys joined by '.'); names must differ";
  }
  return {};
}

} // namespace partita
