// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/core/time.hpp"

#include <functional>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>

namespace partita::core {

/// When each of many things is due next, and the first of these times without looking at all.
/// A thing is named by where it is, which must not change while it has a time.
template <class T>
class deadlines {
public:
  /// Nothing: never.
  void set(const T& x, std::optional<time_point> at) {
    auto i = times_.find(&x);
    if (i != times_.end() && at == i->second)
      return;
    if (i != times_.end()) {
      order_.erase({i->second, &x});
      times_.erase(i);
    }
    if (!at)
      return;
    order_.emplace(*at, &x);
    times_.emplace(&x, *at);
  }

  std::optional<time_point> first() const {
    return order_.empty() ? std::nullopt : std::optional{order_.begin()->first};
  }

private:
  std::unordered_map<const T*, time_point> times_;
  std::set<std::pair<time_point, const T*>> order_;
};

} // namespace partita::core
