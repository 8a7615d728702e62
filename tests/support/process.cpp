// SPDX-License-Identifier: Apache-2.0
#include "process.hpp"

#include <array>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace partita::test {

namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using std::chrono::steady_clock;

constexpr auto limit = 30s;

struct pipe_ends {
  std::array<int, 2> fd{-1, -1};

  pipe_ends() {
    if (pipe2(fd.data(), O_CLOEXEC) != 0)
      throw std::runtime_error("no pipe");
  }
  pipe_ends(const pipe_ends&) = delete;
  pipe_ends& operator=(const pipe_ends&) = delete;
  ~pipe_ends() {
    close_end(0);
    close_end(1);
  }

  void close_end(std::size_t i) {
    if (fd[i] >= 0)
      ::close(std::exchange(fd[i], -1));
  }
};

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> result;
  for (auto& x : texts)
    result.push_back(x.data());
  result.push_back(nullptr);
  return result;
}

/// Feeds the input and gathers both outputs until the process has closed them.
class talker {
public:
  talker(pid_t pid, pipe_ends& in, pipe_ends& out, pipe_ends& err,
         const conversation& talk)
      : pid_(pid), in_(in), out_(out), err_(err), talk_(talk) {
    fcntl(in_.fd[1], F_SETFL, O_NONBLOCK);
  }

  /// False if the time was not enough.
  bool run(process_result& result) {
    auto deadline = steady_clock::now() + limit;
    while (out_.fd[0] >= 0 || err_.fd[0] >= 0) {
      if (fed_ == talk_.input.size())
        in_.close_end(1);
      std::array<pollfd, 3> what{
          {{in_.fd[1], POLLOUT, 0}, {out_.fd[0], POLLIN, 0}, {err_.fd[0], POLLIN, 0}}};
      auto left =
          std::chrono::ceil<std::chrono::milliseconds>(deadline - steady_clock::now());
      if (left.count() <= 0
          || poll(what.data(), what.size(), static_cast<int>(left.count())) <= 0)
        return false;
      if (what[0].revents != 0)
        feed();
      if (what[1].revents != 0)
        drain(out_, result.out);
      if (what[2].revents != 0)
        drain(err_, result.err);
      stop_if_asked(result);
    }
    return true;
  }

private:
  void feed() {
    const auto& text = talk_.input;
    auto n = ::write(in_.fd[1], text.data() + fed_, text.size() - fed_);
    // A process that does not read its input any more gets nothing more of it.
    fed_ = n < 0 ? text.size() : fed_ + static_cast<std::size_t>(n);
  }

  static void drain(pipe_ends& from, std::string& to) {
    std::array<char, 65536> buffer{};
    auto n = ::read(from.fd[0], buffer.data(), buffer.size());
    if (n <= 0)
      from.close_end(0);
    else
      to.append(buffer.data(), static_cast<std::size_t>(n));
  }

  void stop_if_asked(const process_result& result) {
    if (stopped_ || !talk_.stop_when || !talk_.stop_when(result.out))
      return;
    stopped_ = true;
    kill(pid_, SIGTERM);
  }

  pid_t pid_;
  pipe_ends& in_;
  pipe_ends& out_;
  pipe_ends& err_;
  const conversation& talk_;
  std::size_t fed_ = 0;
  bool stopped_ = false;
};

} // namespace

process_result run_partita(const std::vector<std::string>& arguments,
                           const conversation& talk) {
  std::signal(SIGPIPE, SIG_IGN);
  auto program = fs::read_symlink("/proc/self/exe").parent_path() / "partita";
  std::vector<std::string> words{program.string()};
  words.insert(words.end(), arguments.begin(), arguments.end());
  const char* path = std::getenv("PATH");
  std::vector<std::string> variables{std::string{"PATH="} + (path ? path : "")};
  for (const auto& [name, value] : talk.environment)
    variables.push_back(name + '=' + value);
  auto argv = pointers(words);
  auto envp = pointers(variables);
  pipe_ends in;
  pipe_ends out;
  pipe_ends err;
  auto pid = fork();
  if (pid < 0)
    throw std::runtime_error("no process");
  if (pid == 0) {
    // A test that is ended leaves nothing behind.
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(in.fd[0], STDIN_FILENO);
    dup2(out.fd[1], STDOUT_FILENO);
    dup2(err.fd[1], STDERR_FILENO);
    for (auto fd : talk.closed)
      ::close(fd);
    if (!talk.folder.empty() && chdir(talk.folder.c_str()) != 0)
      _exit(127);
    execve(argv[0], argv.data(), envp.data());
    _exit(127);
  }
  in.close_end(0);
  out.close_end(1);
  err.close_end(1);
  process_result result;
  if (!talker{pid, in, out, err, talk}.run(result))
    kill(pid, SIGKILL);
  auto status = 0;
  waitpid(pid, &status, 0);
  result.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return result;
}

temporary_folder::temporary_folder() {
  path_ = (fs::temp_directory_path() / "partita-test-XXXXXX").string();
  if (!mkdtemp(path_.data()))
    throw std::runtime_error("no temporary folder");
}

temporary_folder::~temporary_folder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

std::string temporary_folder::file(const std::string& name,
                                   const std::string& content) const {
  auto result = path_ + '/' + name;
  std::ofstream{result} << content;
  return result;
}

} // namespace partita::test
