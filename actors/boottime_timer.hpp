// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/core/time.hpp"

#include <optional>
#include <utility>

namespace partita {

/// A timer of the system on worker_clock::boottime, for threads that are no actors. Can be
/// polled: readable once its time has come, until it is set again.
class boottime_timer {
public:
  boottime_timer();
  boottime_timer(boottime_timer&& other) noexcept : fd_{std::exchange(other.fd_, -1)} {}
  boottime_timer& operator=(boottime_timer&&) = delete;
  ~boottime_timer();

  /// -1: the system has no descriptor left.
  int fd() const { return fd_; }
  /// Thread-safe. Nothing: never.
  void set(std::optional<core::time_point> at) const;

private:
  int fd_;
};

} // namespace partita
