// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE app.signals

#include "partita/app/process/signals.hpp"

#include <caf/test/unit_test.hpp>

#include <csignal>
#include <cstdlib>
#include <map>
#include <string>

#include <sys/wait.h>
#include <unistd.h>

namespace {

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

// -- what a process does that gets signals ----------------------------------------------

int hear_one(int signal) {
  partita::app::hold_signals();
  doorbell bell;
  partita::app::signal_watch watch{[&] { bell.ring(); }};
  kill(getpid(), signal);
  bell.wait();
  return 42;
}

int hear_two() {
  partita::app::hold_signals();
  doorbell bell;
  partita::app::signal_watch watch{[&] { bell.ring(); }};
  kill(getpid(), SIGTERM);
  bell.wait();
  kill(getpid(), SIGTERM);
  bell.wait();
  return 42;
}

int hurry(bool third) {
  partita::app::hold_signals();
  doorbell bell;
  doorbell hurry;
  partita::app::signal_watch watch{[&] { bell.ring(); }, [&] { hurry.ring(); }};
  kill(getpid(), SIGTERM);
  bell.wait();
  kill(getpid(), SIGTERM);
  hurry.wait();
  if (!third)
    return 42;
  kill(getpid(), SIGINT);
  bell.wait();
  return 42;
}

int pass_on() {
  partita::app::hold_signals(true);
  doorbell bell;
  doorbell stop;
  int heard = 0;
  partita::app::signal_watch watch{[&] { stop.ring(); },
                                   {},
                                   [&](int signal) {
                                     heard = signal;
                                     bell.ring();
                                   }};
  for (auto signal : {SIGHUP, SIGUSR1, SIGUSR2, SIGTERM}) {
    kill(getpid(), signal);
    bell.wait();
    if (heard != signal)
      return 1;
  }
  stop.wait();
  return 42;
}

int reload() {
  partita::app::hold_signals(true);
  doorbell reloaded;
  doorbell stop;
  partita::app::signal_watch watch{
      [&] { stop.ring(); }, {}, {}, [&] { reloaded.ring(); }};
  for (int i = 0; i < 2; ++i) {
    kill(getpid(), SIGHUP);
    reloaded.wait();
  }
  // The first order to stop: a second one would end the process.
  kill(getpid(), SIGTERM);
  stop.wait();
  return 42;
}

int hear_early() {
  partita::app::hold_signals();
  kill(getpid(), SIGTERM);
  doorbell bell;
  partita::app::signal_watch watch{[&] { bell.ring(); }};
  bell.wait();
  return 42;
}

int hear_none() {
  partita::app::hold_signals();
  partita::app::signal_watch watch{[] {}};
  return 42;
}

int write_to_nobody() {
  partita::app::hold_signals();
  doorbell bell;
  close(bell.fd[0]);
  bell.ring();
  return 42;
}

int act(const std::string& part) {
  const std::map<std::string, int (*)()> parts{{"term", [] { return hear_one(SIGTERM); }},
                                               {"int", [] { return hear_one(SIGINT); }},
                                               {"two", hear_two},
                                               {"hurry", [] { return hurry(false); }},
                                               {"three", [] { return hurry(true); }},
                                               {"early", hear_early},
                                               {"pass", pass_on},
                                               {"reload", reload},
                                               {"none", hear_none},
                                               {"write", write_to_nobody}};
  return parts.at(part)();
}

constexpr const char* part_variable = "PARTITA_TEST_SIGNALS_PART";

// The parts start threads, and the test framework has one of its own: in a mere fork of it
// they could wait for ever for a lock that this one held. So each is played by a new
// process, before its main function.
[[maybe_unused]] const bool actor = [] {
  if (const char* part = std::getenv(part_variable)) {
    alarm(20); // A part that hangs is ended.
    _exit(act(part));
  }
  return true;
}();

/// Plays a part in a process of its own; its exit code.
int exit_code_of(const char* part) {
  std::string variable = std::string{part_variable} + '=' + part;
  char* environment[] = {variable.data(), nullptr};
  char name[] = "signals";
  char* arguments[] = {name, nullptr};
  auto pid = fork();
  if (pid == 0) {
    execve("/proc/self/exe", arguments, environment);
    _exit(98);
  }
  auto status = 0;
  waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

} // namespace

CAF_TEST(the first signal asks to stop) {
  CAF_CHECK_EQUAL(exit_code_of("term"), 42);
  CAF_CHECK_EQUAL(exit_code_of("int"), 42);
}

CAF_TEST(a second signal ends the process at once) {
  CAF_CHECK_EQUAL(exit_code_of("two"), 1);
}

CAF_TEST(a second signal hurries where it can and only the third one ends the process) {
  CAF_CHECK_EQUAL(exit_code_of("hurry"), 42);
  CAF_CHECK_EQUAL(exit_code_of("three"), 1);
}

CAF_TEST(signals for another process are passed on and stop nothing) {
  CAF_CHECK_EQUAL(exit_code_of("pass"), 42);
}

CAF_TEST(a hangup reloads and stops nothing) {
  CAF_CHECK_EQUAL(exit_code_of("reload"), 42);
}

CAF_TEST(signals that came before the process waited are not lost) {
  CAF_CHECK_EQUAL(exit_code_of("early"), 42);
}

CAF_TEST(a watch ends without a signal) {
  CAF_CHECK_EQUAL(exit_code_of("none"), 42);
}

CAF_TEST(a write to a closed pipe is no end) {
  CAF_CHECK_EQUAL(exit_code_of("write"), 42);
}
