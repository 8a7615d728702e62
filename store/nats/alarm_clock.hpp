#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <thread>

namespace partita::nats {

/// Calls back at given times, on a thread of its own: whatever the link is busy with,
/// deadlines are met.
class alarm_clock {
public:
  using clock = std::chrono::steady_clock;

  /// `ring` gets what was given to set(). It must not wait.
  explicit alarm_clock(std::function<void(std::uint64_t)> ring);
  ~alarm_clock();

  void set(clock::time_point at, std::uint64_t whom);

  /// Forgets all alarms for `whom`; one that rings at the moment may still be heard.
  void forget(std::uint64_t whom);

  /// Forgets all and waits for the thread to end.
  void stop();

private:
  void run();

  std::function<void(std::uint64_t)> ring_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;
  std::multimap<clock::time_point, std::uint64_t> alarms_;
  std::mutex joining_;
  // Last, so that everything above exists when it begins.
  std::thread thread_;
};

} // namespace partita::nats
