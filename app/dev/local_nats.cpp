// SPDX-License-Identifier: Apache-2.0
#include "partita/app/dev/local_nats.hpp"

#include "partita/actors/descriptor.hpp"
#include "partita/config/checks.hpp"

#include <nlohmann/json.hpp>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <system_error>

#include <poll.h>
#include <sys/inotify.h>

namespace partita::app {

namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using std::chrono::steady_clock;

constexpr auto start_limit = 10s;

constexpr const char* remedy =
    "install the package nats-server, or start one yourself and "
    "name it with `partita run --url`";

/// The first client address in a ports file; empty while the file is not complete.
std::string address_in(const fs::path& file) {
  std::ifstream in{file};
  auto obj = nlohmann::json::parse(in, nullptr, false);
  return obj.is_object() ? obj.value(nlohmann::json::json_pointer{"/nats/0"}, "") : "";
}

std::variant<child, start_failure> start_server(const std::string& folder) {
  // Debian keeps the server in /usr/sbin, which users do not search.
  const std::string name = "nats-server";
  auto program = config::path_of_program(name).empty() ? "/usr/sbin/" + name : name;
  return start_child({{program, "--addr", "127.0.0.1", "--port", "-1", "--jetstream",
                       "--store_dir", folder + "/store", "--ports_file_dir", folder,
                       "--log", folder + "/nats-server.log"},
                      {},
                      false,
                      true});
}

} // namespace

std::variant<local_nats, std::string> local_nats::start() {
  auto pattern = (fs::temp_directory_path() / "partita-dev-XXXXXX").string();
  if (!mkdtemp(pattern.data()))
    return "cannot make a folder for nats-server like " + pattern + ": "
           + std::generic_category().message(errno);
  local_nats result;
  result.folder_ = pattern;
  // A file in its folder is the only sign that nats-server gives of being ready.
  descriptor changes{::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)};
  ::inotify_add_watch(changes.get(), pattern.c_str(),
                      IN_CREATE | IN_CLOSE_WRITE | IN_MOVED_TO);
  auto started = start_server(pattern);
  if (auto* failure = std::get_if<start_failure>(&started))
    return failure->why + ": " + remedy;
  result.process_ = std::get<child>(started);
  if (auto why = result.wait_until_ready(changes.get()); !why.empty())
    return why;
  return result;
}

std::string local_nats::wait_until_ready(int changes) {
  auto ports = folder_ / ("nats-server_" + std::to_string(process_.pid) + ".ports");
  auto deadline = steady_clock::now() + start_limit;
  while ((url_ = address_in(ports)).empty()) {
    std::array<pollfd, 2> what{{{changes, POLLIN, 0}, {process_.pidfd, POLLIN, 0}}};
    auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - steady_clock::now());
    auto found = left > 0ms ? ::poll(what.data(), 2, static_cast<int>(left.count())) : 0;
    if (found == 0)
      return "nats-server was not ready within 10 s";
    if (what[1].revents != 0)
      return "nats-server ended at its start";
    std::array<char, 4096> dropped;
    while (::read(changes, dropped.data(), dropped.size()) > 0) {
    }
  }
  return {};
}

local_nats::local_nats(local_nats&& other) noexcept
    : folder_(std::exchange(other.folder_, {})),
      process_(std::exchange(other.process_, {})),
      url_(std::move(other.url_)) {}

local_nats::~local_nats() {
  if (process_.pid > 0) {
    // Nothing in its folder outlives it, so it need not leave in order.
    signal_group(process_, SIGKILL);
    reap_child(process_);
    ::close(process_.pidfd);
  }
  if (!folder_.empty()) {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }
}

} // namespace partita::app
