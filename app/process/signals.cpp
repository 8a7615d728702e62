// SPDX-License-Identifier: Apache-2.0
#include "partita/app/process/signals.hpp"

#include "partita/app/output/last_words.hpp"
#include "partita/app/process/exit_codes.hpp"

#include <spdlog/spdlog.h>

#include <array>
#include <cstdint>
#include <utility>

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

namespace partita::app {

namespace {

/// The parent process ignored it on purpose, as nohup does with SIGHUP.
bool is_ignored(int signal) {
  struct sigaction now {};
  return ::sigaction(signal, nullptr, &now) == 0 && now.sa_handler == SIG_IGN;
}

/// Waits for orders until the order to end.
class order_loop {
public:
  struct reactions {
    std::function<void()> on_stop;
    std::function<void()> on_hurry;
    std::function<void(int)> pass_on;
  };

  order_loop(int end, int told, signal_watch::teller tell, reactions what)
      : end_{end}, told_{told}, tell_{std::move(tell)}, reactions_{std::move(what)} {
    auto set = held_signals(true);
    signals_ = ::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  }

  order_loop(const order_loop&) = delete;
  order_loop& operator=(const order_loop&) = delete;
  ~order_loop() { ::close(signals_); }

  void run() {
    for (;;) {
      std::array<pollfd, 3> what{
          {{end_, POLLIN, 0}, {told_, POLLIN, 0}, {signals_, POLLIN, 0}}};
      if (::poll(what.data(), what.size(), -1) < 0)
        continue;
      if (what[0].revents != 0)
        return;
      // Before the signals of our own: only then it is known whether they count.
      if (what[1].revents != 0)
        hear_others();
      if (what[2].revents != 0)
        read_signals();
    }
  }

private:
  void hear_others() {
    for (;;) {
      auto signal = tell_();
      if (!signal) {
        told_ = -1;
        spdlog::warn("the guard of this worker has ended; leaving the group");
        if (count_ == 0)
          obey(SIGTERM);
        return;
      }
      if (*signal == 0)
        return;
      obey(*signal);
    }
  }

  void read_signals() {
    signalfd_siginfo x{};
    while (::read(signals_, &x, sizeof(x)) == static_cast<ssize_t>(sizeof(x)))
      if (told_ < 0)
        obey(static_cast<int>(x.ssi_signo));
  }

  void obey(int signal) {
    if (reactions_.pass_on)
      reactions_.pass_on(signal);
    auto to_stop = signal == SIGTERM || signal == SIGINT
                   || (signal == SIGHUP && !reactions_.pass_on);
    if (!to_stop)
      return;
    if (count_ == 0) {
      reactions_.on_stop();
    } else if (count_ == 1 && reactions_.on_hurry) {
      reactions_.on_hurry();
    } else {
      last_words("partita: one more signal: leaving at once\n");
      ::_exit(exit_failed);
    }
    ++count_;
  }

  int end_;
  int told_;
  signal_watch::teller tell_;
  reactions reactions_;
  int signals_ = -1;
  int count_ = 0;
};

} // namespace

sigset_t held_signals(bool to_pass_on) {
  sigset_t result;
  sigemptyset(&result);
  for (auto signal : {SIGTERM, SIGINT})
    sigaddset(&result, signal);
  if (to_pass_on)
    for (auto signal : {SIGHUP, SIGUSR1, SIGUSR2})
      if (!is_ignored(signal))
        sigaddset(&result, signal);
  return result;
}

void hold_signals(bool to_pass_on) {
  auto set = held_signals(to_pass_on);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  // A parent that ignores SIGCHLD passes that on, and waitid would report no child.
  std::signal(SIGCHLD, SIG_DFL);
}

void ignore_terminal_stop() {
  std::signal(SIGTSTP, SIG_IGN);
}

void release_signals() {
  auto set = held_signals(true);
  pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
  std::signal(SIGPIPE, SIG_DFL);
}

signal_watch::signal_watch(std::function<void()> on_stop, std::function<void()> on_hurry,
                           std::function<void(int)> pass_on)
    : signal_watch{-1, {}, std::move(on_stop), std::move(on_hurry), std::move(pass_on)} {}

signal_watch::signal_watch(int told, teller tell, std::function<void()> on_stop,
                           std::function<void()> on_hurry,
                           std::function<void(int)> pass_on)
    : end_{::eventfd(0, EFD_CLOEXEC)}, thread_([=, end = end_] {
        order_loop{end, told, tell, {on_stop, on_hurry, pass_on}}.run();
      }) {}

signal_watch::~signal_watch() {
  std::uint64_t one = 1;
  [[maybe_unused]] auto n = ::write(end_, &one, sizeof(one));
  thread_.join();
  ::close(end_);
}

} // namespace partita::app
