// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/actors/descriptor.hpp"

#include <csignal>
#include <functional>
#include <optional>
#include <thread>

namespace partita::app {

/// SIGTERM, SIGINT and what else hold_signals makes wait; a SIGHUP, SIGUSR1 or SIGUSR2 that was
/// ignored when the process began (nohup) is not among them.
sigset_t held_signals(bool to_pass_on);

/// Makes SIGTERM and SIGINT wait for a signal_watch, in this thread and all that it
/// starts, and makes writes to a closed pipe fail instead of ending the process. `to_pass_on`:
/// so do SIGHUP, SIGUSR1 and SIGUSR2, which end the process otherwise. Ends of children can be
/// waited for whatever was inherited. To be called before any other thread exists.
void hold_signals(bool to_pass_on = false);

/// Makes SIGTSTP (Ctrl-Z) do nothing: it would stop a worker and its guard, and not the
/// application or what hooks have started, which would work on while others take over.
void ignore_terminal_stop();

/// Waits for orders on a thread of its own: for signals, or for those that a guard passes
/// on. The first SIGTERM or SIGINT calls `on_stop` there, the second one `on_hurry` if
/// there is any; the next one ends the process at once with exit code 1. `pass_on` gets
/// these and SIGHUP, SIGUSR1 and SIGUSR2. SIGHUP calls `on_reload`; where the controlling
/// terminal has been closed, it counts as SIGTERM. One watch at a time.
class signal_watch {
public:
  /// Gives the next signal of another process; 0: none for now; nothing: it has ended.
  using teller = std::function<std::optional<int>()>;

  /// With `told` and `tell` another process reports (`tell`, once `told` can be read): as long
  /// as it does, what this process itself is sent does not count: one signal, one order. When
  /// it has ended, that is the first order to stop, and signals count again. `told` outlives
  /// this.
  explicit signal_watch(std::function<void()> on_stop,
                        std::function<void()> on_hurry = {},
                        std::function<void(int)> pass_on = {},
                        std::function<void()> on_reload = {}, int told = -1,
                        teller tell = {});
  signal_watch(const signal_watch&) = delete;
  signal_watch& operator=(const signal_watch&) = delete;
  ~signal_watch();

private:
  descriptor end_;
  std::thread thread_;
};

} // namespace partita::app
