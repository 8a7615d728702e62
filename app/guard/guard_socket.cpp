// SPDX-License-Identifier: Apache-2.0
#include "partita/app/guard/guard_socket.hpp"

#include <array>
#include <cerrno>

#include <sys/socket.h>
#include <unistd.h>

namespace partita::app {

std::optional<std::pair<guard_socket, guard_socket>> guard_socket::make_pair() {
  std::array<int, 2> fds{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds.data())
      != 0)
    return std::nullopt;
  return std::pair{guard_socket{fds[0]}, guard_socket{fds[1]}};
}

guard_socket::~guard_socket() {
  if (fd_ >= 0)
    ::close(fd_);
}

bool guard_socket::send(const guard_message& x) const {
  for (;;) {
    if (::send(fd_, &x, sizeof(x), MSG_NOSIGNAL) == static_cast<ssize_t>(sizeof(x)))
      return true;
    if (errno != EINTR)
      return false;
  }
}

guard_socket::heard guard_socket::receive(guard_message& to) const {
  for (;;) {
    auto n = ::recv(fd_, &to, sizeof(to), 0);
    if (n == static_cast<ssize_t>(sizeof(to)))
      return heard::message;
    // A peer that ended without having read all: what it said itself is still there.
    if (n < 0 && (errno == EINTR || errno == ECONNRESET))
      continue;
    return n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK) ? heard::nothing
                                                              : heard::closed;
  }
}

} // namespace partita::app
