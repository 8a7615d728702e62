// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <thread>
#include <utility>

namespace partita::nats {

/// Calls back at given times, on a thread of its own: whatever the link is busy with,
/// deadlines are met.
class alarm_clock {
public:
  using clock = std::chrono::steady_clock;

  /// `ring` gets what was given to set(). It must not wait.
  explicit alarm_clock(std::function<void(std::uint64_t)> ring);
  ~alarm_clock();

  /// Rings once for `whom` and forgets it; nullopt: never. Replaces what was set for it
  /// before, which may still ring if it does so at this moment. Never rings early, but up
  /// to an eighth of the time until `at` late, so that alarms for about the same time
  /// cost one wake-up.
  void set(std::uint64_t whom, std::optional<clock::time_point> at);

  /// Forgets all and waits for the thread to end.
  void stop();

private:
  void run();

  std::function<void(std::uint64_t)> ring_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;
  std::map<std::uint64_t, clock::time_point> set_for_;
  /// The same in the order of ringing.
  std::set<std::pair<clock::time_point, std::uint64_t>> alarms_;
  /// Until when the thread sleeps unless it is woken.
  clock::time_point asleep_until_ = clock::time_point::min();
  std::mutex joining_;
  // Last, so that everything above exists when it begins.
  std::thread thread_;
};

} // namespace partita::nats
