// SPDX-License-Identifier: Apache-2.0
#include "partita/core/leader/records/partition_index.hpp"

#include <functional>
#include <utility>

namespace partita::core {

partition_number partition_index::number_of(const partition& x) {
  name_.clear();
  append_name(name_, x);
  if (2 * names_.size() >= slots_.size())
    grow();
  auto hash = hash_of(name_);
  auto& found = slots_[place_of(name_, hash)];
  if (found.number == number_map::none) {
    found = {hash, static_cast<partition_number>(names_.size())};
    names_.push_back(name_);
  }
  return found.number;
}

std::optional<partition_number> partition_index::find(const std::string& name) const {
  auto found = slots_[place_of(name, hash_of(name))].number;
  return found == number_map::none ? std::nullopt : std::optional{found};
}

std::uint32_t partition_index::hash_of(const std::string& name) {
  return static_cast<std::uint32_t>(std::hash<std::string>{}(name));
}

std::size_t partition_index::place_of(const std::string& name, std::uint32_t hash) const {
  for (std::size_t i = hash;; ++i) {
    i &= slots_.size() - 1;
    const auto& x = slots_[i];
    if (x.number == number_map::none || (x.hash == hash && names_[x.number] == name))
      return i;
  }
}

void partition_index::grow() {
  auto old = std::exchange(slots_, std::vector<slot>(2 * slots_.size()));
  for (const auto& x : old) {
    if (x.number == number_map::none)
      continue;
    std::size_t i = x.hash & (slots_.size() - 1);
    while (slots_[i].number != number_map::none)
      i = (i + 1) & (slots_.size() - 1);
    slots_[i] = x;
  }
}

partition_list_ptr partition_index::list(std::vector<partition> xs) {
  partition_list result{std::move(xs), {}};
  result.numbers.reserve(result.partitions.size());
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
