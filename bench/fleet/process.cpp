// SPDX-License-Identifier: Apache-2.0
#include "process.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <fstream>
#include <stdexcept>

namespace partita::bench {

namespace {

constexpr int pipe_bytes = 1 << 20;

} // namespace

process::process(std::vector<std::string> arguments, const std::string& log) {
  int in[2];
  int out[2];
  if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0)
    throw std::runtime_error{"no pipe"};
  // A worker that had to wait for its reader would be measured slower than it is.
  fcntl(out[1], F_SETPIPE_SZ, pipe_bytes);
  std::vector<char*> argv;
  for (auto& x : arguments)
    argv.push_back(x.data());
  argv.push_back(nullptr);
  pid_ = fork();
  if (pid_ == 0) {
    // Only calls that are safe between fork and exec of a program with threads.
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(in[0], STDIN_FILENO);
    dup2(out[1], STDOUT_FILENO);
    dup2(open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644), STDERR_FILENO);
    execv(argv[0], argv.data());
    _exit(127);
  }
  close(in[0]);
  close(out[1]);
  input_ = in[1];
  output_ = out[0];
  fcntl(output_, F_SETFL, O_NONBLOCK);
}

process::~process() {
  kill();
}

void process::send(const std::string& line) const {
  if (write(input_, line.data(), line.size()) != static_cast<ssize_t>(line.size()))
    throw std::runtime_error{"a process of the fleet does not read"};
}

std::vector<std::string> process::lines() {
  char buffer[65536];
  for (;;) {
    auto n = read(output_, buffer, sizeof(buffer));
    if (n > 0)
      rest_.append(buffer, static_cast<std::size_t>(n));
    if (n == 0)
      close_all();
    if (n <= 0)
      break;
  }
  std::vector<std::string> result;
  std::size_t begin = 0;
  for (auto end = rest_.find('\n'); end != std::string::npos;
       begin = end + 1, end = rest_.find('\n', begin))
    result.push_back(rest_.substr(begin, end - begin));
  rest_.erase(0, begin);
  return result;
}

void process::kill() {
  if (!running())
    return;
  auto below = worker_below(pid_);
  // First: a worker whose guard has gone would leave in good order.
  ::kill(pid_, SIGSTOP);
  ::kill(below, SIGKILL);
  ::kill(pid_, SIGKILL);
  close_all();
}

void process::close_all() {
  waitpid(pid_, nullptr, 0);
  close(input_);
  close(output_);
  output_ = -1;
}

pid_t worker_below(pid_t pid) {
  auto id = std::to_string(pid);
  std::ifstream in{"/proc/" + id + "/task/" + id + "/children"};
  pid_t child = 0;
  return in >> child ? child : pid;
}

double cpu_seconds(pid_t pid) {
  clockid_t clock{};
  timespec used{};
  if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &used) != 0)
    return 0;
  return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) / 1e9;
}

double peak_mib(pid_t pid) {
  const std::string field{"VmHWM:"};
  std::ifstream in{"/proc/" + std::to_string(pid) + "/status"};
  for (std::string line; std::getline(in, line);)
    if (line.starts_with(field))
      return std::stod(line.substr(field.size())) / 1024;
  return 0;
}

void forget_peak(pid_t pid) {
  std::ofstream{"/proc/" + std::to_string(pid) + "/clear_refs"} << "5";
}

} // namespace partita::bench
