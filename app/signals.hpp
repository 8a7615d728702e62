#pragma once

#include <functional>
#include <thread>

namespace partita::app {

/// Makes SIGTERM and SIGINT wait for a signal_watch, in this thread and all that it
/// starts, and makes writes to a closed pipe fail instead of ending the process. To be
/// called before any other thread exists.
void hold_signals();

/// What hold_signals has changed, undone: for a child process between fork and exec.
void release_signals();

/// Waits for SIGTERM and SIGINT on a thread of its own. The first one calls `on_stop`
/// there; a second one ends the process at once with exit code 1. One at a time.
class signal_watch {
public:
  explicit signal_watch(std::function<void()> on_stop);
  signal_watch(const signal_watch&) = delete;
  signal_watch& operator=(const signal_watch&) = delete;
  ~signal_watch();

private:
  std::thread thread_;
};

} // namespace partita::app
