// SPDX-License-Identifier: Apache-2.0
#include "partita/actors/guard_link.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>

#include <fcntl.h>
#include <sys/socket.h>

namespace partita {

using core::guard;

namespace {

/// "VERSION:DESCRIPTOR"
constexpr const char* variable = "PARTITA_GUARD";

} // namespace

std::optional<std::pair<guard_socket, guard_socket>> guard_socket::make_pair() {
  std::array<int, 2> fds{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds.data())
      != 0)
    return std::nullopt;
  return std::pair{guard_socket{fds[0]}, guard_socket{fds[1]}};
}

std::optional<guard_socket> guard_socket::inherited(std::string& why) {
  const auto* value = std::getenv(variable);
  if (!value || !*value)
    return std::nullopt;
  auto number = 0;
  auto fd = -1;
  auto fits = std::sscanf(value, "%d:%d", &number, &fd) == 2
              && number == guard_line_version && ::fcntl(fd, F_SETFD, FD_CLOEXEC) == 0;
  if (!fits)
    why = std::string{variable} + ": expected " + std::to_string(guard_line_version)
          + ":DESCRIPTOR of a guard of the same release, found '" + value + '\'';
  // What this process starts has another guard, or none.
  ::unsetenv(variable);
  return fits ? std::optional{guard_socket{fd}} : std::nullopt;
}

void guard_socket::hand_over() const {
  ::fcntl(fd(), F_SETFD, 0);
  auto value = std::to_string(guard_line_version) + ':' + std::to_string(fd());
  ::setenv(variable, value.c_str(), 1);
}

bool guard_socket::send(const guard_message& x) const {
  for (;;) {
    if (::send(fd(), &x, sizeof(x), MSG_NOSIGNAL) == static_cast<ssize_t>(sizeof(x)))
      return true;
    if (errno != EINTR)
      return false;
  }
}

guard_socket::heard guard_socket::receive(guard_message& to) const {
  for (;;) {
    auto n = ::recv(fd(), &to, sizeof(to), 0);
    if (n == static_cast<ssize_t>(sizeof(to)))
      return heard::message;
    // A peer that ended without having read all: what it said itself is still there.
    if (n < 0 && (errno == EINTR || errno == ECONNRESET))
      continue;
    return n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK) ? heard::nothing
                                                              : heard::closed;
  }
}

void guard_link::must_stop_by(const std::string& worker, core::time_point when) {
  std::lock_guard lock{mutex_};
  deadlines_[worker] = when;
  tell_earliest();
}

void guard_link::stopped(const std::string& worker) {
  std::lock_guard lock{mutex_};
  deadlines_.erase(worker);
  tell_earliest();
}

void guard_link::tell_earliest() {
  std::optional<core::time_point> next;
  for (const auto& [worker, when] : deadlines_)
    next = core::earlier(next, when);
  socket_.send(next ? guard_message{guard::must_stop_by{*next}} : guard::stopped{});
}

void guard_link::leaving() {
  socket_.send(guard::leaving{});
}

void guard_link::leaves_within(std::chrono::milliseconds limit) {
  socket_.send(guard::leaves_within{limit});
}

void guard_link::wants_goodbye(std::chrono::milliseconds within) {
  socket_.send(guard::goodbye_within{within});
}

void guard_link::used(const core::used_nonce& x) {
  auto text = x.who.value + ' ' + x.value.value;
  nonce_news result{x.use};
  if (text.size() >= result.text.size())
    return;
  std::copy(text.begin(), text.end(), result.text.begin());
  socket_.send(result);
}

void guard_link::status(const std::string& text, bool joined) {
  state_news result{joined};
  text.copy(result.text.data(), result.text.size() - 1);
  socket_.send(result);
}

void guard_link::reloaded() {
  socket_.send(reload_news{});
}

std::optional<int> guard_link::next_signal() {
  guard_message x;
  auto found = socket_.receive(x);
  if (found == guard_socket::heard::closed)
    return std::nullopt;
  return found == guard_socket::heard::message ? std::get<guard::pass>(x).signal : 0;
}

std::shared_ptr<guard_link> guard_of_process() {
  // Never destroyed: a worker may end after static objects.
  static const auto& result = *new auto{[]() -> std::shared_ptr<guard_link> {
    std::string why;
    auto socket = guard_socket::inherited(why);
    if (!why.empty())
      std::fprintf(stderr, "partita: runs without its guard: %s\n", why.c_str());
    return socket ? std::make_shared<guard_link>(std::move(*socket)) : nullptr;
  }()};
  return result;
}

} // namespace partita
