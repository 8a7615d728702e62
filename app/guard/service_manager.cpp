// SPDX-License-Identifier: Apache-2.0
#include "partita/app/guard/service_manager.hpp"

#include <csignal>
#include <cstdint>
#include <utility>

#include <sys/time.h>
#include <systemd/sd-daemon.h>

namespace partita::app {

namespace {

/// What systemd may need after the guard's own limit, to see that all has ended.
constexpr auto after_the_end = std::chrono::seconds{5};

std::string microseconds(std::chrono::nanoseconds x) {
  return std::to_string(std::chrono::duration_cast<std::chrono::microseconds>(x).count());
}

/// sd_notify waits while the manager does not read. That must not keep the guard from a kill in
/// time: a signal ends the wait, and comes again in case it came before the wait.
void notify(const std::string& what) {
  constexpr itimerval limit{{0, 20'000}, {0, 20'000}};
  constexpr itimerval none{};
  ::setitimer(ITIMER_REAL, &limit, nullptr);
  ::sd_notify(0, what.c_str());
  ::setitimer(ITIMER_REAL, &none, nullptr);
}

} // namespace

service_manager::service_manager() {
  struct sigaction end_wait {};
  end_wait.sa_handler = [](int) {};
  ::sigaction(SIGALRM, &end_wait, nullptr);
  std::uint64_t limit = 0;
  if (::sd_watchdog_enabled(0, &limit) > 0)
    interval_ = std::chrono::microseconds{limit / 2};
}

void service_manager::status(const std::string& text, bool joined) {
  auto starts = joined && !std::exchange(started_, true);
  notify((starts ? "READY=1\nSTATUS=" : "STATUS=") + text);
}

void service_manager::reloading() const {
  if (started_)
    notify("RELOADING=1\nMONOTONIC_USEC="
           + microseconds(std::chrono::steady_clock::now().time_since_epoch()));
}

void service_manager::reloaded() const {
  if (started_)
    notify("READY=1");
}

void service_manager::stopping(std::chrono::nanoseconds within) const {
  notify("STOPPING=1\nEXTEND_TIMEOUT_USEC=" + microseconds(within + after_the_end));
}

void service_manager::alive(core::time_point now) {
  if (interval_.count() == 0 || (next_ && now < *next_))
    return;
  notify("WATCHDOG=1");
  next_ = now + interval_;
}

} // namespace partita::app
