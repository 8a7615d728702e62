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

void wait_for_signals(const std::function<void()>& on_stop) {
  auto set = held_signals();
  for (auto stopping = false;;) {
    auto signal = 0;
    if (sigwait(&set, &signal) != 0 || signal == enough)
      return;
    if (stopping) {
      constexpr std::string_view text = "partita: a second signal: leaving at once\n";
      [[maybe_unused]] auto n = ::write(STDERR_FILENO, text.data(), text.size());
      _exit(1);
    }
    stopping = true;
    on_stop();
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

signal_watch::signal_watch(std::function<void()> on_stop)
    : thread_([f = std::move(on_stop)] { wait_for_signals(f); }) {}

signal_watch::~signal_watch() {
  pthread_kill(thread_.native_handle(), enough);
  thread_.join();
}

} // namespace partita::app
