// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/messages/message.hpp"

#include <compare>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace partita {

/// The greatest weight that a list of partitions may give: sums stay below 2^53, which
/// JSON carries exactly.
inline constexpr std::int64_t max_partition_weight = 1'000'000'000;

/// The keys of a partition, a list that never changes. Copies share it: a partition is in
/// the source's list, in plans and in each copy of a record, and a copy of all its
/// strings in each of them would take their memory once more.
class partition_keys {
public:
  using list = std::vector<std::string>;
  using value_type = list::value_type;
  using const_iterator = list::const_iterator;

  partition_keys() = default;
  partition_keys(list xs)
      : shared_{xs.empty() ? nullptr : std::make_shared<const list>(std::move(xs))} {}
  partition_keys(std::initializer_list<std::string> xs) : partition_keys{list{xs}} {}

  const list& all() const {
    static const list none;
    return shared_ ? *shared_ : none;
  }

  bool empty() const { return !shared_; }
  std::size_t size() const { return all().size(); }
  const_iterator begin() const { return all().begin(); }
  const_iterator end() const { return all().end(); }
  const std::string& front() const { return all().front(); }
  const std::string& back() const { return all().back(); }

  friend bool operator==(const partition_keys& x, const partition_keys& y) {
    return x.shared_ == y.shared_ || x.all() == y.all();
  }
  friend std::strong_ordering operator<=>(const partition_keys& x,
                                          const partition_keys& y) {
    return x.all() <=> y.all();
  }

  /// Only shown, never loaded: messages stay in their process.
  template <class Inspector>
  friend auto inspect(Inspector& f, partition_keys& x) {
    auto content = x.all();
    return f(content);
  }

private:
  /// None if there are no keys.
  std::shared_ptr<const list> shared_;
};

/// The unit of ownership. Its keys are its identity; its weight says how much work it is
/// compared with others.
struct partition {
  partition_keys keys;
  /// No unit; 100 is an ordinary partition. Strategies say what a weight <= 0 means.
  std::int64_t weight = 100;
  PARTITA_MESSAGE(partition, x.keys, x.weight)
};

/// The keys joined by '.': how people and events name a partition. A list of partitions
/// in which two share a name is refused where it enters (see config and partition
/// sources).
std::string name_of(const partition& x);
/// The same into a buffer, which is empty.
void append_name(std::string& to, const partition& x);

/// Says why `xs` cannot be used as a group's partitions, or nothing if it can: a
/// partition without keys, an empty key, or two partitions of one name.
std::string why_unusable(const std::vector<partition>& xs);

} // namespace partita
