#define CAF_SUITE app.signals

#include "partita/app/signals.hpp"

#include <caf/test/unit_test.hpp>

#include <csignal>

#include <sys/wait.h>
#include <unistd.h>

namespace {

/// Runs `body` in a process of its own; its exit code. A body that hangs is ended.
template <class F>
int exit_code_of(F body) {
  auto pid = fork();
  if (pid == 0) {
    alarm(20);
    _exit(body());
  }
  auto status = 0;
  waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/// Something to wait for across threads.
struct doorbell {
  int fd[2];

  doorbell() {
    if (pipe(fd) != 0)
      _exit(99);
  }

  void ring() const { [[maybe_unused]] auto n = ::write(fd[1], "x", 1); }

  void wait() const {
    char c = 0;
    [[maybe_unused]] auto n = ::read(fd[0], &c, 1);
  }
};

} // namespace

CAF_TEST(the first signal asks to stop) {
  for (auto signal : {SIGTERM, SIGINT})
    CAF_CHECK_EQUAL(exit_code_of([=] {
                      partita::app::hold_signals();
                      doorbell bell;
                      partita::app::signal_watch watch{[&] { bell.ring(); }};
                      kill(getpid(), signal);
                      bell.wait();
                      return 42;
                    }),
                    42);
}

CAF_TEST(a second signal ends the process at once) {
  CAF_CHECK_EQUAL(exit_code_of([] {
                    partita::app::hold_signals();
                    doorbell bell;
                    partita::app::signal_watch watch{[&] { bell.ring(); }};
                    kill(getpid(), SIGTERM);
                    bell.wait();
                    kill(getpid(), SIGTERM);
                    bell.wait();
                    return 42;
                  }),
                  1);
}

CAF_TEST(a second signal hurries where it can and only the third one ends the process) {
  auto after = [](int more) {
    return exit_code_of([=] {
      partita::app::hold_signals();
      doorbell bell;
      doorbell hurry;
      partita::app::signal_watch watch{[&] { bell.ring(); }, [&] { hurry.ring(); }};
      kill(getpid(), SIGTERM);
      bell.wait();
      kill(getpid(), SIGTERM);
      hurry.wait();
      if (more == 0)
        return 42;
      kill(getpid(), SIGINT);
      bell.wait();
      return 42;
    });
  };
  CAF_CHECK_EQUAL(after(0), 42);
  CAF_CHECK_EQUAL(after(1), 1);
}

CAF_TEST(signals that came before anybody waited are not lost) {
  CAF_CHECK_EQUAL(exit_code_of([] {
                    partita::app::hold_signals();
                    kill(getpid(), SIGTERM);
                    doorbell bell;
                    partita::app::signal_watch watch{[&] { bell.ring(); }};
                    bell.wait();
                    return 42;
                  }),
                  42);
}

CAF_TEST(a watch ends without a signal) {
  CAF_CHECK_EQUAL(exit_code_of([] {
                    partita::app::hold_signals();
                    partita::app::signal_watch watch{[] {}};
                    return 42;
                  }),
                  42);
}

CAF_TEST(a write to a closed pipe is no end) {
  CAF_CHECK_EQUAL(exit_code_of([] {
                    partita::app::hold_signals();
                    doorbell bell;
                    close(bell.fd[0]);
                    bell.ring();
                    return 42;
                  }),
                  42);
}
