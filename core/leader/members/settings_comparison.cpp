// SPDX-License-Identifier: Apache-2.0
#include "partita/core/leader/members/settings_comparison.hpp"

#include <algorithm>

namespace partita::core {

namespace {

/// How many workers are named for one value.
constexpr std::size_t most_named = 3;

std::string names_of(const std::vector<worker_id>& workers) {
  std::string result;
  std::size_t named = 0;
  for (const auto& x : workers) {
    if (named++ == most_named)
      return result + " and " + std::to_string(workers.size() - most_named) + " more";
    result += (result.empty() ? "" : ", ") + x.value;
  }
  return result;
}

} // namespace

void settings_comparison::add(const worker_id& who, const beat& what) {
  for (const auto& [setting, value] : what.settings)
    stated_[setting][value].push_back(who);
  if (what.terms.ownership)
    stated_["group.ownership"][to_string(*what.terms.ownership)].push_back(who);
}

std::string settings_comparison::differences() const {
  std::string result;
  for (const auto& [setting, values] : stated_) {
    if (values.size() < 2)
      continue;
    result += (result.empty() ? "" : "; ") + setting + " is";
    auto first = true;
    for (const auto& [value, workers] : values) {
      result += (first ? " '" : ", '") + value + "' at " + names_of(workers);
      first = false;
    }
  }
  return result;
}

} // namespace partita::core
