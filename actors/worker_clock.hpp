// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/core/time.hpp"

#include <cmath>
#include <cstdint>
#include <ctime>

namespace partita {

/// The clock for the decisions of one worker. Sessions and leases are only as safe as
/// this clock is steady, so it is chosen in one place.
class worker_clock {
public:
  /// The system's clock that also runs while the machine sleeps (CLOCK_BOOTTIME), so that
  /// the sleep of a laptop or a virtual machine uses up sessions as it should.
  worker_clock() = default;

  /// The clock of the actor system, running `rate` times as fast from `origin` on. For
  /// tests and simulations, where time is virtual.
  static worker_clock of_actors(double rate = 1.0, core::time_point origin = {}) {
    worker_clock result;
    result.kind_ = kind::actors;
    result.rate_ = rate;
    result.origin_ = origin;
    return result;
  }

  template <class Self>
  core::time_point now(Self* self) const {
    if (kind_ == kind::boottime)
      return boottime();
    core::time_point actors = self->clock().now();
    if (rate_ == 1.0)
      return actors;
    return origin_ + of_count(static_cast<double>((actors - origin_).count()) * rate_);
  }

  /// Whether tests set this time: then all actors must run on the actor system's threads.
  bool is_virtual() const { return kind_ == kind::actors; }

  /// How long an actor's timer must run to last `x` on this clock.
  core::duration on_actor_clock(core::duration x) const {
    // Rounded up: a timer that rings early would only have to ring again.
    return rate_ == 1.0 ? x : of_count(std::ceil(static_cast<double>(x.count()) / rate_));
  }

  /// The time of the system's clock, for threads other than actors.
  static core::time_point boottime() {
    timespec now{};
    ::clock_gettime(CLOCK_BOOTTIME, &now);
    return core::time_point{std::chrono::seconds{now.tv_sec}
                            + std::chrono::nanoseconds{now.tv_nsec}};
  }

private:
  enum class kind : std::uint8_t { boottime, actors };

  static core::duration of_count(double x) {
    return core::duration{static_cast<core::duration::rep>(x)};
  }

  kind kind_ = kind::boottime;
  double rate_ = 1.0;
  core::time_point origin_;
};

} // namespace partita
