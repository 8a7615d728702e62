// SPDX-License-Identifier: Apache-2.0
#include "partita/app/process/child.hpp"

#include "partita/actors/descriptor.hpp"
#include "partita/app/process/exit_codes.hpp"
#include "partita/config/checks.hpp"
#include "partita/config/options.hpp"
#include "partita/messages/exceptions.hpp"

#include <caf/actor_system.hpp>
#include <caf/event_based_actor.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <map>
#include <string_view>
#include <system_error>

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

// glibc 2.36 forgot to do so in the header.
extern "C" {
#include <sys/pidfd.h>
}

namespace partita::app {

namespace {

constexpr int code_of_signals = 128;

struct pipe_ends {
  descriptor out;
  descriptor in;
};

/// Of a system call: below 0 becomes an exception.
int checked(int result) {
  if (result < 0)
    throw std::system_error{errno, std::generic_category()};
  return result;
}

pipe_ends make_pipe() {
  std::array<int, 2> fds{};
  checked(::pipe2(fds.data(), O_CLOEXEC));
  return {descriptor{fds[0]}, descriptor{fds[1]}};
}

/// Whether it contains a secret of ours, which no child needs.
bool is_secret(std::string_view name, std::string_view value) {
  const auto& all = config::all_options();
  return std::any_of(all.begin(), all.end(), [&](const config::option& x) {
    return x.variable() == name && (x.secret || config::without_secrets(value) != value);
  });
}

/// The variables of this process and those that are given, each once.
std::vector<std::string> variables_of(const child_command& what) {
  std::map<std::string, std::string> all;
  for (auto entry = environ; entry && *entry; ++entry) {
    std::string_view text{*entry};
    auto equals = text.find('=');
    if (equals != std::string_view::npos
        && !is_secret(text.substr(0, equals), text.substr(equals + 1)))
      all.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  for (const auto& [name, value] : what.environment)
    all[name] = value;
  std::vector<std::string> result;
  for (const auto& [name, value] : all)
    result.push_back(name + '=' + value);
  return result;
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> result;
  for (auto& x : texts)
    result.push_back(x.data());
  result.push_back(nullptr);
  return result;
}

/// The input of the new process. It must not allocate any more.
struct start_plan {
  const char* path;
  char* const* argv;
  char* const* environment;
  /// -1: ours.
  int input;
  int report;
  bool output_to_stderr;
  bool dies_with_us;
  pid_t parent;
};

void use_default_signals() {
  for (auto signal :
       {SIGPIPE, SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2, SIGCHLD, SIGTSTP})
    ::signal(signal, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

/// Runs in the new process. This one has other threads, whose locks stay locked there: so it
/// calls only what is safe in a signal handler.
[[noreturn]] void become(const start_plan& plan) {
  ::setpgid(0, 0);
  auto orphan = false;
  if (plan.dies_with_us) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    // It may have ended before that call.
    orphan = ::getppid() != plan.parent;
  }
  if (plan.input >= 0)
    ::dup2(plan.input, STDIN_FILENO);
  if (plan.output_to_stderr)
    ::dup2(STDERR_FILENO, STDOUT_FILENO);
  use_default_signals();
  if (!orphan) {
    // Sockets of the NATS library among them: a process that keeps running in the
    // background would keep the connection of a dead worker open.
    ::close_range(3, ~0u, CLOSE_RANGE_CLOEXEC);
    ::execve(plan.path, plan.argv, plan.environment);
  }
  auto error = errno;
  [[maybe_unused]] auto n = ::write(plan.report, &error, sizeof(error));
  ::_exit(exit_not_found);
}

/// 0 once the program runs; else why it does not.
int hear_of_start(const descriptor& report) {
  auto error = 0;
  for (;;) {
    auto n = ::read(report.get(), &error, sizeof(error));
    if (n < 0 && errno == EINTR)
      continue;
    return n == static_cast<ssize_t>(sizeof(error)) ? error : 0;
  }
}

void wait_for_pid(pid_t pid, int* status) {
  while (::waitpid(pid, status, 0) < 0 && errno == EINTR) {
  }
}

/// Throws std::system_error.
child start(const std::string& path, const child_command& what) {
  auto report = make_pipe();
  descriptor to_child;
  descriptor from_us;
  if (what.piped) {
    auto made = make_pipe();
    to_child = std::move(made.out);
    from_us = std::move(made.in);
    ::fcntl(from_us.get(), F_SETFL, O_NONBLOCK);
  } else if (::isatty(STDIN_FILENO) != 0) {
    to_child = descriptor{checked(::open("/dev/null", O_RDONLY | O_CLOEXEC))};
  }
  auto words = what.argv;
  auto variables = variables_of(what);
  auto argv = pointers_to(words);
  auto environment = pointers_to(variables);
  start_plan plan{path.c_str(),    argv.data(), environment.data(), to_child.get(),
                  report.in.get(), what.piped,  what.dies_with_us,  ::getpid()};
  auto pid = checked(::fork());
  if (pid == 0)
    become(plan);
  report.in.reset();
  auto error = hear_of_start(report.out);
  auto pidfd = error == 0 ? ::pidfd_open(pid, 0) : -1;
  if (pidfd < 0) {
    error = error == 0 ? errno : error;
    ::kill(-pid, SIGKILL);
    wait_for_pid(pid, nullptr);
    throw std::system_error{error, std::generic_category()};
  }
  return {pid, pidfd, from_us.release()};
}

/// Feeds the input and waits for the end of the process itself, not that of its group.
/// Blocks, but not on a child that does not read. Closes what `x` holds; reaps nothing.
void attend_child(const child& x, const std::string& input) {
  // A child that ends before it has read all must not end us, whatever the process does
  // with this signal; the thread is ours alone.
  sigset_t broken_pipe;
  sigemptyset(&broken_pipe);
  sigaddset(&broken_pipe, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &broken_pipe, nullptr);
  descriptor end{x.pidfd};
  descriptor feed{x.input};
  std::size_t fed = 0;
  for (;;) {
    if (fed == input.size())
      feed.reset();
    std::array<pollfd, 2> what{{{end.get(), POLLIN, 0}, {feed.get(), POLLOUT, 0}}};
    if (::poll(what.data(), what.size(), -1) < 0)
      continue;
    if (what[0].revents != 0)
      return;
    if (what[1].revents == 0)
      continue;
    auto n = ::write(feed.get(), input.data() + fed, input.size() - fed);
    if (n >= 0)
      fed += static_cast<std::size_t>(n);
    else if (errno != EAGAIN && errno != EINTR)
      fed = input.size(); // It does not read it.
  }
}

} // namespace

std::variant<child, start_failure> start_child(const child_command& what) {
  auto failed = "cannot start " + what.argv.front() + ": ";
  auto path = config::path_of_program(what.argv.front());
  if (path.empty())
    return start_failure{failed + "not found in PATH", exit_not_found};
  try {
    return start(path, what);
  } catch (const std::system_error& e) {
    auto missing = e.code().value() == ENOENT || e.code().value() == ENOTDIR;
    return start_failure{failed + e.code().message(),
                         missing ? exit_not_found : exit_not_executable};
  }
}

void keep_child(caf::actor_system& sys, const child& x, std::string input,
                std::function<void()> ended) {
  sys.spawn<caf::detached>([x, text = std::move(input),
                            call = std::move(ended)](caf::event_based_actor* self) {
    end_on_exception(self);
    attend_child(x, text);
    call();
  });
}

void signal_group(const child& x, int signal) {
  ::kill(-x.pid, signal);
}

void signal_child(const child& x, int signal) {
  ::kill(x.pid, signal);
}

child_end reap_child(const child& x) {
  auto status = 0;
  wait_for_pid(x.pid, &status);
  if (WIFSIGNALED(status)) {
    auto signal = WTERMSIG(status);
    return {code_of_signals + signal, "killed by signal " + std::to_string(signal)};
  }
  auto code = WEXITSTATUS(status);
  return {code, code == 0 ? std::string{} : "exit code " + std::to_string(code)};
}

} // namespace partita::app
