// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <thread>

namespace partita::app {

/// Makes SIGTERM and SIGINT wait for a signal_watch, in this thread and all that it
/// starts, and makes writes to a closed pipe fail instead of ending the process. `to_pass_on`:
/// so do SIGHUP, SIGUSR1 and SIGUSR2, which end the process otherwise, and SIGTSTP (Ctrl-Z) is
/// ignored: it would stop the worker and not the application, which would work on while others
/// take over. To be called before any other thread exists.
void hold_signals(bool to_pass_on = false);

/// What hold_signals has changed, undone: for a child process between fork and exec.
void release_signals();

/// Waits for SIGTERM and SIGINT on a thread of its own. The first one calls `on_stop`
/// there, the second one `on_hurry` if there is any; the next one ends the process at once
/// with exit code 1. `pass_on` hears of these and of SIGHUP, SIGUSR1 and SIGUSR2, which do
/// nothing else. One watch at a time.
class signal_watch {
public:
  explicit signal_watch(std::function<void()> on_stop,
                        std::function<void()> on_hurry = {},
                        std::function<void(int)> pass_on = {});
  signal_watch(const signal_watch&) = delete;
  signal_watch& operator=(const signal_watch&) = delete;
  ~signal_watch();

private:
  std::thread thread_;
};

} // namespace partita::app
