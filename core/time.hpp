// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <optional>

/// Time in core/ is a value that comes with every event.
namespace partita::core {

using time_point = std::chrono::steady_clock::time_point;
using duration = std::chrono::steady_clock::duration;

/// The earlier of two moments of which either may be missing.
inline std::optional<time_point> earlier(std::optional<time_point> x,
                                         std::optional<time_point> y) {
  if (!x || (y && *y < *x))
    return y;
  return x;
}

/// `x` with the allowance for clocks that run at different rates: 5 %.
inline duration with_clock_margin(duration x) {
  return x + x / 20;
}

} // namespace partita::core
