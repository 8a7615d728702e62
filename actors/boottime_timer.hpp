// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/core/time.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>

#include <sys/timerfd.h>
#include <unistd.h>

namespace partita {

/// A system timer on worker_clock::boottime, for threads other than actors. It can be
/// polled: its descriptor is readable from that time on, until the timer is set again.
class boottime_timer {
public:
  boottime_timer() : fd_{::timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK)} {}
  boottime_timer(boottime_timer&& other) noexcept : fd_{std::exchange(other.fd_, -1)} {}
  boottime_timer& operator=(boottime_timer&&) = delete;
  ~boottime_timer() {
    if (fd_ >= 0)
      ::close(fd_);
  }

  /// -1: the system has no descriptor left.
  int fd() const { return fd_; }
  /// Thread-safe. Without a time the timer is off.
  void set(std::optional<core::time_point> at) const {
    constexpr std::int64_t second = 1'000'000'000;
    itimerspec when{};
    if (at) {
      // 0 would turn the timer off.
      auto ns = std::max<std::int64_t>(at->time_since_epoch().count(), 1);
      when.it_value = {static_cast<time_t>(ns / second), static_cast<long>(ns % second)};
    }
    ::timerfd_settime(fd_, TFD_TIMER_ABSTIME, &when, nullptr);
  }

private:
  int fd_;
};

} // namespace partita
