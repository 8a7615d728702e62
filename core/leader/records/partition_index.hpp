// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/messages/ids.hpp"
#include "partita/messages/record.hpp"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

/// Partitions as numbers: what a leader does for each of a hundred thousand partitions in each
/// plan must neither build nor compare names.
namespace partita::core {

/// From 0, in the order in which a leader met the partitions.
using partition_number = std::uint32_t;

/// Partitions, and their numbers in the same order. Those who know a list share it.
struct partition_list {
  std::vector<partition> partitions;
  std::vector<partition_number> numbers;

  std::size_t size() const { return numbers.size(); }
  friend bool operator==(const partition_list&, const partition_list&) = default;
};
using partition_list_ptr = std::shared_ptr<const partition_list>;

/// Some partitions of a list: their places there, in ascending order.
using partition_places = std::vector<std::uint32_t>;

/// A record, and the numbers of what it names. Those who know a record share it.
struct numbered_record : record {
  /// Of `partitions` and of `revoking`, in the same order.
  std::vector<partition_number> owned;
  std::vector<partition_number> given_up;
};
using record_ptr = std::shared_ptr<const numbered_record>;

/// Whether two say the same; neither is null. The stamp tells most of those apart that differ.
inline bool same(const record_ptr& x, const record_ptr& y) {
  return x == y || (stamp_of(*x) == stamp_of(*y) && *x == *y);
}

/// What belongs to some of all numbers. Emptying it costs what is in it.
class number_map {
public:
  static constexpr std::uint32_t none = std::numeric_limits<std::uint32_t>::max();

  /// Each of `xs` to its place there; nothing else.
  void assign(const std::vector<partition_number>& xs) {
    clear();
    for (std::size_t i = 0; i < xs.size(); ++i)
      set(xs[i], static_cast<std::uint32_t>(i));
  }
  void set(partition_number x, std::uint32_t value) {
    if (x >= values_.size())
      values_.resize(x + 1, none);
    if (std::exchange(values_[x], value) == none)
      used_.push_back(x);
  }
  std::uint32_t at(partition_number x) const {
    return x < values_.size() ? values_[x] : none;
  }
  bool contains(partition_number x) const { return at(x) != none; }
  void clear() {
    for (auto x : used_)
      values_[x] = none;
    used_.clear();
  }

private:
  std::vector<std::uint32_t> values_;
  std::vector<partition_number> used_;
};

/// Gives each name its number, for good.
class partition_index {
public:
  partition_number number_of(const partition& x);
  std::optional<partition_number> find(const std::string& name) const;
  /// Of what names partitions, in the same order.
  template <class Item>
  std::vector<partition_number> numbers_of(const std::vector<Item>& xs) {
    std::vector<partition_number> result;
    result.reserve(xs.size());
    for (const auto& x : xs)
      result.push_back(number_of(x.partition));
    return result;
  }
  partition_list_ptr list(std::vector<partition> xs);
  record_ptr numbered(record x);

private:
  /// One place of an open hash table: a number, if it is taken, and the hash of its name.
  struct slot {
    std::uint32_t hash = 0;
    partition_number number = number_map::none;
  };

  static std::uint32_t hash_of(const std::string& name);
  /// Where the name is, or belongs; there is a free slot.
  std::size_t place_of(const std::string& name, std::uint32_t hash) const;
  void grow();

  /// By number.
  std::vector<std::string> names_;
  /// A power of two of them, at most half of them taken: a hundred thousand names that are met
  /// at each take-over need no node each, and growing compares no names.
  std::vector<slot> slots_ = std::vector<slot>(64);
  /// The name that is looked for: a buffer.
  std::string name_;
};

} // namespace partita::core
