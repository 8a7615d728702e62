// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/core/time.hpp"

#include <cstdint>
#include <optional>
#include <utility>

namespace partita::core {

/// Whether the application that does a worker's work is there, by its calls.
///
///            called                 ttl after the last call
///   +------+ ------> +---------+ ---------------------------> +--------+
///   | gone |         | present |                              | gone   |
///   +------+ <-------+---------+                              +--------+
///
/// Invariant: it is held to be present for at least as long as it may work. The
/// application stops by itself ttl after it *sent* its last call that was answered, and
/// this side counts from when that call *arrived*, which is later.
class application_lease {
public:
  enum class news : std::uint8_t { none, came, went };

  /// `ttl` 0: it counts as present from the start, and for ever.
  explicit application_lease(duration ttl) : ttl_{ttl}, present_{ttl == duration{0}} {}

  news called(time_point now) {
    if (ttl_ == duration{0})
      return news::none;
    last_ = now;
    return std::exchange(present_, true) ? news::none : news::came;
  }

  news tick(time_point now) {
    auto end = wake_at();
    if (!end || now < *end)
      return news::none;
    present_ = false;
    return news::went;
  }

  /// When it is gone unless it calls.
  std::optional<time_point> wake_at() const {
    if (!present_ || !last_)
      return std::nullopt;
    return *last_ + ttl_;
  }

  bool present() const { return present_; }
  /// Whether it has ever called.
  bool seen() const { return last_.has_value(); }
  duration ttl() const { return ttl_; }

private:
  duration ttl_;
  bool present_;
  std::optional<time_point> last_;
};

} // namespace partita::core
