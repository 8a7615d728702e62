// SPDX-License-Identifier: Apache-2.0
#include "partita/core/leader/records/partition_index.hpp"

#include <utility>

namespace partita::core {

partition_number partition_index::number_of(const partition& x) {
  name_.clear();
  append_name(name_, x);
  return numbers_.try_emplace(name_, static_cast<partition_number>(numbers_.size()))
      .first->second;
}

std::optional<partition_number> partition_index::find(const std::string& name) const {
  auto i = numbers_.find(name);
  return i == numbers_.end() ? std::nullopt : std::optional{i->second};
}

partition_list_ptr partition_index::list(std::vector<partition> xs) {
  partition_list result{std::move(xs), {}};
  result.numbers.reserve(result.partitions.size());
  numbers_.reserve(result.partitions.size());
  for (const auto& x : result.partitions)
    result.numbers.push_back(number_of(x));
  return std::make_shared<const partition_list>(std::move(result));
}

record_ptr partition_index::numbered(record x) {
  auto result = std::make_shared<numbered_record>();
  static_cast<record&>(*result) = std::move(x);
  result->owned = numbers_of(result->partitions);
  result->given_up = numbers_of(result->revoking);
  return result;
}

} // namespace partita::core
