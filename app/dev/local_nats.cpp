// SPDX-License-Identifier: Apache-2.0
#include "partita/app/dev/local_nats.hpp"

#include "partita/app/process/signals.hpp"

#include <nlohmann/json.hpp>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace partita::app {

namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using std::chrono::steady_clock;

constexpr auto start_limit = 10s;

constexpr const char* remedy =
    "install the package nats-server, or start one yourself and "
    "name it with `partita run --url`";

/// Where nats-server says its address: `nats-server_<pid>.ports`.
fs::path ports_file(const fs::path& folder, pid_t pid) {
  return folder / ("nats-server_" + std::to_string(pid) + ".ports");
}

/// The first client address in a ports file; empty while the file is not complete.
std::string address_in(const fs::path& file) {
  std::ifstream in{file};
  auto obj = nlohmann::json::parse(in, nullptr, false);
  if (!obj.is_object() || !obj.contains("nats") || !obj["nats"].is_array()
      || obj["nats"].empty() || !obj["nats"][0].is_string())
    return {};
  return obj["nats"][0].get<std::string>();
}

[[noreturn]] void become_server(const fs::path& folder) {
  release_signals();
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  // A group of its own: Ctrl-C at the terminal is for us; we stop the server afterwards.
  setpgid(0, 0);
  auto log = folder / "nats-server.log";
  auto store = folder / "store";
  // Debian keeps the server in /usr/sbin, which users do not search.
  for (const char* program : {"nats-server", "/usr/sbin/nats-server"})
    execlp(program, "nats-server", "--addr", "127.0.0.1", "--port", "-1", "--jetstream",
           "--store_dir", store.c_str(), "--ports_file_dir", folder.c_str(), "--log",
           log.c_str(), static_cast<char*>(nullptr));
  _exit(127);
}

/// Notices when something in a folder has changed; a changed folder is the only sign that
/// nats-server gives of being ready.
class folder_watch {
public:
  explicit folder_watch(const fs::path& folder)
      : fd_(inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {
    inotify_add_watch(fd_, folder.c_str(), IN_CREATE | IN_CLOSE_WRITE | IN_MOVED_TO);
  }
  folder_watch(const folder_watch&) = delete;
  folder_watch& operator=(const folder_watch&) = delete;
  ~folder_watch() { ::close(fd_); }

  void wait(std::chrono::milliseconds limit) {
    pollfd what{fd_, POLLIN, 0};
    poll(&what, 1, static_cast<int>(limit.count()));
    char buffer[4096];
    while (::read(fd_, buffer, sizeof(buffer)) > 0) {
    }
  }

private:
  int fd_;
};

} // namespace

std::variant<local_nats, std::string> local_nats::start() {
  local_nats result;
  auto pattern = (fs::temp_directory_path() / "partita-dev-XXXXXX").string();
  if (!mkdtemp(pattern.data()))
    return "cannot make a folder for nats-server like " + pattern + ": "
           + std::strerror(errno);
  result.folder_ = pattern;
  if (auto why = result.launch())
    return *why;
  return result;
}

std::optional<std::string> local_nats::launch() {
  pid_ = fork();
  if (pid_ < 0)
    return std::string{"cannot start nats-server: "} + std::strerror(errno);
  if (pid_ == 0)
    become_server(folder_);
  return wait_until_ready();
}

std::optional<std::string> local_nats::wait_until_ready() {
  folder_watch changes{folder_};
  auto deadline = steady_clock::now() + start_limit;
  // The watch is made after the fork; what the server did before shows in the file
  // itself.
  while ((url_ = address_in(ports_file(folder_, pid_))).empty()) {
    if (auto status = 0; waitpid(pid_, &status, WNOHANG) == pid_) {
      pid_ = -1;
      if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
        return std::string{"there is no program nats-server: "} + remedy;
      return std::string{"nats-server ended at its start"};
    }
    if (steady_clock::now() >= deadline)
      return std::string{"nats-server was not ready within 10 s"};
    // No longer than this, because a server that dies leaves no sign in the folder.
    changes.wait(100ms);
  }
  return std::nullopt;
}

local_nats::local_nats(local_nats&& other) noexcept
    : folder_(std::exchange(other.folder_, {})),
      pid_(std::exchange(other.pid_, -1)),
      url_(std::move(other.url_)) {}

local_nats::~local_nats() {
  if (pid_ > 0) {
    // Nothing in its folder outlives it, so it need not leave in order.
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  if (!folder_.empty()) {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }
}

} // namespace partita::app
