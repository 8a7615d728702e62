// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/core/time.hpp"

#include <cstdint>
#include <optional>

namespace partita::core {

/// What the server's time stamps mean on our clock, as far as entries show it. The newest
/// entry counts: clocks run apart, and no entry is seen before it was stored.
class server_clock {
public:
  /// An entry that the server stored at `stored_at_ns` (nanoseconds since 1970, 0: not
  /// known) was seen at `seen_at`.
  void seen(std::int64_t stored_at_ns, time_point seen_at) {
    if (stored_at_ns <= newest_ns_)
      return;
    newest_ns_ = stored_at_ns;
    newest_at_ = seen_at;
  }

  /// When the server stored it, on our clock; nothing was seen yet: nothing.
  std::optional<time_point> when(std::int64_t stored_at_ns) const {
    if (newest_ns_ == 0)
      return std::nullopt;
    return newest_at_ - std::chrono::nanoseconds{newest_ns_ - stored_at_ns};
  }

  /// What the server's clock shows at least, nanoseconds since 1970; 0: not known.
  std::int64_t at_least(time_point now) const {
    using std::chrono::nanoseconds;
    return newest_ns_ == 0
               ? 0
               : newest_ns_
                     + std::chrono::duration_cast<nanoseconds>(now - newest_at_).count();
  }

private:
  std::int64_t newest_ns_ = 0;
  time_point newest_at_;
};

} // namespace partita::core
