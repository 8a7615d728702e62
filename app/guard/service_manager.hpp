// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/core/time.hpp"

#include <chrono>
#include <optional>
#include <string>

namespace partita::app {

/// What systemd, or another manager that sets NOTIFY_SOCKET, is notified of (sd_notify(3)). Only
/// the guard has one: it is the service's main process. Without a manager nothing happens.
class service_manager {
public:
  service_manager();

  /// What the service does, for people. `joined`: from the first time on it has started.
  void status(const std::string& text, bool joined);
  /// The configuration is read again, until `reloaded`. Counts only for what has started.
  void reloading() const;
  void reloaded() const;
  /// The service ends, which may take so long.
  void stopping(std::chrono::nanoseconds within) const;

  /// When `alive` is to be called; nothing: there is no watchdog, or it was never called.
  std::optional<core::time_point> wake_at() const { return next_; }
  /// The guard works: notifies the watchdog where it is time.
  void alive(core::time_point now);

private:
  std::chrono::microseconds interval_{0};
  std::optional<core::time_point> next_;
  bool started_ = false;
};

} // namespace partita::app
