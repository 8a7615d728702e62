// SPDX-License-Identifier: Apache-2.0
#include "partita/actors/worker_clock.hpp"

#include <cmath>

#include <time.h>

namespace partita {

worker_clock worker_clock::of_actors(double rate, core::time_point origin) {
  worker_clock result;
  result.kind_ = kind::actors;
  result.rate_ = rate;
  result.origin_ = origin;
  return result;
}

core::duration worker_clock::on_actor_clock(core::duration x) const {
  if (rate_ == 1.0)
    return x;
  // Rounded up: a timer that rings early would only have to ring again.
  return core::duration{static_cast<core::duration::rep>(
      std::ceil(static_cast<double>(x.count()) / rate_))};
}

core::time_point worker_clock::from_actors(core::time_point x) const {
  if (rate_ == 1.0)
    return x;
  auto passed = static_cast<double>((x - origin_).count()) * rate_;
  return origin_ + core::duration{static_cast<core::duration::rep>(passed)};
}

core::time_point worker_clock::boottime() {
  timespec now{};
#ifdef CLOCK_BOOTTIME
  ::clock_gettime(CLOCK_BOOTTIME, &now);
#else
  ::clock_gettime(CLOCK_MONOTONIC, &now);
#endif
  return core::time_point{std::chrono::seconds{now.tv_sec}
                          + std::chrono::nanoseconds{now.tv_nsec}};
}

} // namespace partita
