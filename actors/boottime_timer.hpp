// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/core/time.hpp"

#include <optional>
#include <utility>

namespace partita {

/// A system timer on worker_clock::boottime, for threads other than actors. It can be
/// polled: its descriptor is readable from that time on, until the timer is set again.
class boottime_timer {
public:
  boottime_timer();
  boottime_timer(boottime_timer&& other) noexcept : fd_{std::exchange(other.fd_, -1)} {}
  boottime_timer& operator=(boottime_timer&&) = delete;
  ~boottime_timer();

  /// -1: the system has no descriptor left.
  int fd() const { return fd_; }
  /// Thread-safe. Without a time the timer is off.
  void set(std::optional<core::time_point> at) const;

private:
  int fd_;
};

} // namespace partita
