// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/core/time.hpp"

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
  static worker_clock of_actors(double rate = 1.0, core::time_point origin = {});

  template <class Self>
  core::time_point now(Self* self) const {
    return kind_ == kind::boottime ? boottime() : from_actors(self->clock().now());
  }

  /// Whether tests set this time: then all actors must run on the actor system's threads.
  bool is_virtual() const { return kind_ == kind::actors; }

  /// How long an actor's timer must run to last `x` on this clock.
  core::duration on_actor_clock(core::duration x) const;

  /// The time of the system's clock, for threads other than actors.
  static core::time_point boottime();

private:
  enum class kind : std::uint8_t { boottime, actors };

  core::time_point from_actors(core::time_point x) const;

  kind kind_ = kind::boottime;
  double rate_ = 1.0;
  core::time_point origin_;
};

} // namespace partita
