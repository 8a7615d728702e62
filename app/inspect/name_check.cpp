// SPDX-License-Identifier: Apache-2.0
#include "partita/app/inspect/name_check.hpp"

#include "partita/app/output/names.hpp"
#include "partita/config/text.hpp"

#include <set>

namespace partita::app {

namespace {

/// More would hide what is said.
constexpr std::size_t few = 8;

std::string hint(const std::string& typed, const std::vector<std::string>& names) {
  if (auto near = config::nearest(typed, names); !near.empty())
    return "; did you mean " + near + '?';
  if (names.empty())
    return "; there is none";
  if (names.size() <= few)
    return "; found " + config::one_of(names);
  return "; found " + names.front() + " to " + names.back();
}

} // namespace

std::vector<std::string> partition_names(const group_status& x) {
  std::set<std::string, by_reading> result;
  for (const auto& y : view_of(x).named())
    result.insert(name_of(y));
  return {result.begin(), result.end()};
}

std::string unknown_worker(const group_status& x, const worker_id& typed) {
  std::vector<std::string> ids;
  for (const auto& who : x.members)
    ids.push_back(who.id.value);
  return "the group " + x.group + " has no worker '" + config::printable(typed.value)
         + '\'' + hint(typed.value, ids);
}

std::string unknown_partition(const std::vector<std::string>& names,
                              const std::string& typed) {
  return "no partition is named '" + config::printable(typed) + '\'' + hint(typed, names);
}

} // namespace partita::app
