#include "partita/app/signals.hpp"

#include <csignal>
#include <string_view>

#include <pthread.h>
#include <unistd.h>

namespace partita::app {

namespace {

// Ends the waiting thread when nobody wants to know any more.
constexpr int enough = SIGUSR1;

sigset_t held_signals() {
  sigset_t result;
  sigemptyset(&result);
  sigaddset(&result, SIGTERM);
  sigaddset(&result, SIGINT);
  sigaddset(&result, enough);
  return result;
}

void wait_for_signals(const std::function<void()>& on_stop,
                      const std::function<void()>& on_hurry) {
  auto set = held_signals();
  for (auto count = 0;; ++count) {
    auto signal = 0;
    if (sigwait(&set, &signal) != 0 || signal == enough)
      return;
    if (count == 0) {
      on_stop();
    } else if (count == 1 && on_hurry) {
      on_hurry();
    } else {
      constexpr std::string_view text = "partita: one more signal: leaving at once\n";
      [[maybe_unused]] auto n = ::write(STDERR_FILENO, text.data(), text.size());
      _exit(1);
    }
  }
}

} // namespace

void hold_signals() {
  auto set = held_signals();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
}

void release_signals() {
  auto set = held_signals();
  pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
  std::signal(SIGPIPE, SIG_DFL);
}

signal_watch::signal_watch(std::function<void()> on_stop, std::function<void()> on_hurry)
    : thread_([stop = std::move(on_stop), hurry = std::move(on_hurry)] {
        wait_for_signals(stop, hurry);
      }) {}

signal_watch::~signal_watch() {
  pthread_kill(thread_.native_handle(), enough);
  thread_.join();
}

} // namespace partita::app
