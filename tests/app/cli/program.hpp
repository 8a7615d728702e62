// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "../../support/eventually.hpp"
#include "../../support/nats_server.hpp"
#include "../../support/process.hpp"

#include <caf/test/unit_test.hpp>

#include <array>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace partita::test {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

inline std::string content(const std::string& path) {
  std::ifstream in{path};
  return {std::istreambuf_iterator<char>{in}, {}};
}

/// `partita`, with what it prints in a file.
class program {
public:
  /// `terminal`: it has one of its own, as below a login; `before`: done in the new process.
  program(
      std::vector<std::string> words, std::string output, bool terminal = false,
      const std::function<void()>& before = [] {})
      : output_{std::move(output)} {
    auto path = fs::read_symlink("/proc/self/exe").parent_path() / "partita";
    words.insert(words.begin(), path.string());
    std::vector<char*> argv;
    for (auto& x : words)
      argv.push_back(x.data());
    argv.push_back(nullptr);
    auto out = ::open(output_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    // Other users may not be able to find it by name.
    auto file = ::open(argv[0], O_RDONLY | O_CLOEXEC);
    pid_ = terminal ? ::forkpty(&terminal_, nullptr, nullptr, nullptr) : ::fork();
    if (pid_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      ::signal(SIGHUP, SIG_DFL);
      ::dup2(out, STDOUT_FILENO);
      ::dup2(out, STDERR_FILENO);
      before();
      ::fexecve(file, argv.data(), environ);
      ::_exit(127);
    }
    ::close(file);
    ::close(out);
  }
  program(const program&) = delete;
  program& operator=(const program&) = delete;
  ~program() {
    if (pid_ > 0)
      ::kill(pid_, SIGKILL);
    close_terminal();
  }

  int pid() const { return pid_; }
  std::string output() const { return content(output_); }
  void signal(int number) const { ::kill(pid_, number); }

  /// Waits until it has written this to its terminal.
  void require_shown(const std::string& text) const {
    std::string all;
    auto read = [&] {
      std::array<char, 4096> piece{};
      for (pollfd what{terminal_, POLLIN, 0}; ::poll(&what, 1, 0) == 1;) {
        auto n = ::read(terminal_, piece.data(), piece.size());
        if (n <= 0)
          break;
        all.append(piece.data(), static_cast<std::size_t>(n));
      }
      return all.find(text) != std::string::npos;
    };
    if (!eventually(15s, read))
      CAF_FAIL("'" << text << "' is not in: " << all);
  }

  void close_terminal() {
    if (terminal_ >= 0)
      ::close(std::exchange(terminal_, -1));
  }

  /// The worker below its guard.
  int worker() const {
    auto pid = std::to_string(pid_);
    return std::atoi(content("/proc/" + pid + "/task/" + pid + "/children").c_str());
  }

  void require(const std::string& text, const std::string& file = {}) const {
    const auto& where = file.empty() ? output_ : file;
    if (!eventually(15s, [&] { return content(where).find(text) != std::string::npos; }))
      CAF_FAIL("'" << text << "' is not in: " << content(where));
  }

  bool has_ended() const {
    siginfo_t end{};
    return ::waitid(P_PID, static_cast<id_t>(pid_), &end, WEXITED | WNOHANG | WNOWAIT)
               == 0
           && end.si_pid == pid_;
  }

  /// Its exit code; below 0: a signal ended it, or nothing did within 20 s.
  int wait() {
    int status = 0;
    if (!eventually(20s, [&] { return ::waitpid(pid_, &status, WNOHANG) == pid_; }))
      return -1000;
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }

private:
  std::string output_;
  pid_t pid_ = -1;
  int terminal_ = -1;
};

/// What a worker writes once it owns its partitions.
constexpr const char* at_work = " -> stable";

/// A server, and a worker's configuration for it.
struct program_fixture {
  nats_server server;
  temporary_folder folder;

  std::string path(const std::string& name) const { return folder.path() + '/' + name; }

  std::string config(const std::string& more) const {
    return folder.file("partita.toml",
                       "group.name = 'orders'\nnats.url = '" + server.url()
                           + "'\npartitions.prefix = 'p'\npartitions.count = 4\n"
                             "timing.profile = 'fast'\nrebalance.expected_workers = 1\n"
                           + more);
  }

  std::vector<std::string> run(const std::string& more = {}) const {
    return {"run", "-c", config(more)};
  }
};

} // namespace partita::test
