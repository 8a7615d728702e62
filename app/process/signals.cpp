// SPDX-License-Identifier: Apache-2.0
#include "partita/app/process/signals.hpp"

#include <csignal>
#include <string_view>

#include <pthread.h>
#include <unistd.h>

namespace partita::app {

namespace {

// Ends the waiting thread when nobody wants to know any more. Nobody else has a use for it.
int enough() {
  return SIGRTMIN;
}

sigset_t held_signals(bool to_pass_on) {
  sigset_t result;
  sigemptyset(&result);
  for (auto signal : {SIGTERM, SIGINT, enough()})
    sigaddset(&result, signal);
  if (to_pass_on)
    for (auto signal : {SIGHUP, SIGUSR1, SIGUSR2})
      sigaddset(&result, signal);
  return result;
}

void wait_for_signals(const std::function<void()>& on_stop,
                      const std::function<void()>& on_hurry,
                      const std::function<void(int)>& pass_on) {
  auto set = held_signals(static_cast<bool>(pass_on));
  for (auto count = 0;;) {
    auto signal = 0;
    if (sigwait(&set, &signal) != 0 || signal == enough())
      return;
    if (pass_on)
      pass_on(signal);
    if (signal != SIGTERM && signal != SIGINT)
      continue;
    if (count == 0) {
      on_stop();
    } else if (count == 1 && on_hurry) {
      on_hurry();
    } else {
      constexpr std::string_view text = "partita: one more signal: leaving at once\n";
      [[maybe_unused]] auto n = ::write(STDERR_FILENO, text.data(), text.size());
      _exit(1);
    }
    ++count;
  }
}

} // namespace

void hold_signals(bool to_pass_on) {
  auto set = held_signals(to_pass_on);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  if (to_pass_on)
    std::signal(SIGTSTP, SIG_IGN);
}

void release_signals() {
  auto set = held_signals(true);
  pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
  std::signal(SIGPIPE, SIG_DFL);
}

signal_watch::signal_watch(std::function<void()> on_stop, std::function<void()> on_hurry,
                           std::function<void(int)> pass_on)
    : thread_([stop = std::move(on_stop), hurry = std::move(on_hurry),
               pass = std::move(pass_on)] { wait_for_signals(stop, hurry, pass); }) {}

signal_watch::~signal_watch() {
  pthread_kill(thread_.native_handle(), enough());
  thread_.join();
}

} // namespace partita::app
