// SPDX-License-Identifier: Apache-2.0
#include "partita/actors/boottime_timer.hpp"

#include <algorithm>
#include <cstdint>

#include <sys/timerfd.h>
#include <unistd.h>

namespace partita {

boottime_timer::boottime_timer()
    : fd_{::timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK)} {}

boottime_timer::~boottime_timer() {
  if (fd_ >= 0)
    ::close(fd_);
}

void boottime_timer::set(std::optional<core::time_point> at) const {
  constexpr std::int64_t second = 1'000'000'000;
  itimerspec when{};
  if (at) {
    // 0 would turn the timer off.
    auto ns = std::max<std::int64_t>(at->time_since_epoch().count(), 1);
    when.it_value = {static_cast<time_t>(ns / second), static_cast<long>(ns % second)};
  }
  ::timerfd_settime(fd_, TFD_TIMER_ABSTIME, &when, nullptr);
}

} // namespace partita
