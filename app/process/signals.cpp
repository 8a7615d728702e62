// SPDX-License-Identifier: Apache-2.0
#include "partita/app/process/signals.hpp"

#include "partita/app/output/last_words.hpp"
#include "partita/app/process/exit_codes.hpp"

#include <spdlog/spdlog.h>

#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>

namespace partita::app {

namespace {

/// The parent process ignored it on purpose, as nohup does with SIGHUP.
bool is_ignored(int signal) {
  struct sigaction now {};
  return ::sigaction(signal, nullptr, &now) == 0 && now.sa_handler == SIG_IGN;
}

/// After SIGHUP, until it is looked at once more whether there is a terminal.
constexpr int until_detached_ms = 200;

/// Whether there is a controlling terminal that is open.
bool has_terminal() {
  descriptor tty{::open("/dev/tty", O_RDONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC)};
  return tty.get() >= 0;
}

/// Waits for orders until the order to end.
class order_loop {
public:
  struct reactions {
    std::function<void()> on_stop;
    std::function<void()> on_hurry;
    std::function<void(int)> pass_on;
    std::function<void()> on_reload;
  };

  order_loop(int end, int told, signal_watch::teller tell, reactions what)
      : end_{end}, told_{told}, tell_{std::move(tell)}, reactions_{std::move(what)} {
    auto set = held_signals(true);
    signals_ = descriptor{::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK)};
    if (signals_.get() < 0 || end_ < 0)
      throw std::system_error{errno, std::generic_category(),
                              "no descriptor for signals"};
  }

  void run() {
    for (;;) {
      std::array<pollfd, 3> what{
          {{end_, POLLIN, 0}, {told_, POLLIN, 0}, {signals_.get(), POLLIN, 0}}};
      auto found = ::poll(what.data(), what.size(), hung_up_ ? until_detached_ms : -1);
      if (std::exchange(hung_up_, false) && found == 0 && !has_terminal())
        obey(SIGHUP);
      if (found < 0)
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
    while (::read(signals_.get(), &x, sizeof(x)) == static_cast<ssize_t>(sizeof(x)))
      if (told_ < 0)
        obey(static_cast<int>(x.ssi_signo));
  }

  void obey(int signal) {
    // A terminal that closes sends it once or twice: the kernel does, and a shell.
    if (signal == SIGHUP && has_terminal_ && !has_terminal()) {
      has_terminal_ = false;
      signal = SIGTERM;
    }
    hung_up_ = signal == SIGHUP && has_terminal_;
    if (reactions_.pass_on)
      reactions_.pass_on(signal);
    if (signal == SIGHUP && reactions_.on_reload)
      reactions_.on_reload();
    if (signal != SIGTERM && signal != SIGINT)
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
  descriptor signals_;
  bool has_terminal_ = has_terminal();
  /// A shell may pass it on before the kernel has taken the terminal away.
  bool hung_up_ = false;
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

signal_watch::signal_watch(std::function<void()> on_stop, std::function<void()> on_hurry,
                           std::function<void(int)> pass_on,
                           std::function<void()> on_reload, int told, teller tell)
    : end_{::eventfd(0, EFD_CLOEXEC)}, thread_{[=, end = end_.get()] {
        order_loop{end, told, tell, {on_stop, on_hurry, pass_on, on_reload}}.run();
      }} {}

signal_watch::~signal_watch() {
  ::eventfd_write(end_.get(), 1);
  thread_.join();
}

} // namespace partita::app
