// SPDX-License-Identifier: Apache-2.0
#include "tcp_proxy.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <deque>
#include <list>
#include <stdexcept>
#include <vector>

namespace partita::test {

namespace {

using clock = std::chrono::steady_clock;

sockaddr_in local(std::uint16_t port) {
  sockaddr_in result{};
  result.sin_family = AF_INET;
  result.sin_port = htons(port);
  result.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return result;
}

sockaddr* generic(sockaddr_in& x) {
  return reinterpret_cast<sockaddr*>(&x);
}

/// One direction of one connection.
struct pipe_end {
  int from = -1;
  int to = -1;
  std::vector<char> waiting = {};
  bool ended = false;
  /// Nothing arrives before: what is sent first waits for the handshake of TCP, too.
  clock::time_point opens = {};
  /// What is to arrive later, and when.
  std::deque<std::pair<clock::time_point, std::vector<char>>> under_way = {};

  bool wants_to_read() const { return !ended && waiting.size() < 1u << 20; }
  bool is_empty() const { return waiting.empty() && under_way.empty(); }

  void arrive() {
    for (; !under_way.empty() && under_way.front().first <= clock::now();
         under_way.pop_front())
      waiting.insert(waiting.end(), under_way.front().second.begin(),
                     under_way.front().second.end());
  }

  void read_some(std::chrono::milliseconds delay) {
    char buffer[65536];
    auto n = ::recv(from, buffer, sizeof(buffer), MSG_DONTWAIT);
    if (n > 0)
      under_way.emplace_back(std::max(clock::now() + delay, opens),
                             std::vector<char>(buffer, buffer + n));
    else if (n == 0 || (errno != EAGAIN && errno != EINTR))
      ended = true;
  }

  void write_some() {
    auto n = ::send(to, waiting.data(), waiting.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n > 0)
      waiting.erase(waiting.begin(), waiting.begin() + n);
    else if (n < 0 && errno != EAGAIN && errno != EINTR)
      ended = true;
  }
};

struct connection {
  connection(int client, int server) : up{client, server}, down{server, client} {}
  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;
  ~connection() {
    ::close(up.from);
    ::close(down.from);
  }

  pipe_end up;
  pipe_end down;
};

int connect_to(std::uint16_t port) {
  auto fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  auto to = local(port);
  if (fd >= 0 && ::connect(fd, generic(to), sizeof(to)) != 0) {
    ::close(fd);
    return -1;
  }
  int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  return fd;
}

} // namespace

tcp_proxy::tcp_proxy(std::uint16_t server_port, std::chrono::milliseconds delay)
    : server_port_{server_port}, delay_{delay} {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  auto at = local(0);
  socklen_t size = sizeof(at);
  if (listener_ < 0 || ::bind(listener_, generic(at), size) != 0
      || ::listen(listener_, 64) != 0
      || ::getsockname(listener_, generic(at), &size) != 0)
    throw std::runtime_error{std::string{"no proxy: "} + std::strerror(errno)};
  port_ = ntohs(at.sin_port);
  wake_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  thread_ = std::thread{[this] { run(); }};
}

tcp_proxy::~tcp_proxy() {
  ending_ = true;
  set(mode::cut);
  thread_.join();
  ::close(listener_);
  ::close(wake_);
}

void tcp_proxy::set(mode x) {
  mode_ = x;
  std::uint64_t one = 1;
  static_cast<void>(!::write(wake_, &one, sizeof(one)));
}

void tcp_proxy::run() {
  std::list<connection> all;
  while (!ending_) {
    auto now = mode_.load();
    if (now == mode::cut)
      all.clear();
    auto up = now == mode::open || now == mode::deaf_client;
    auto down = now == mode::open || now == mode::deaf_server;
    std::vector<pollfd> fds{{wake_, POLLIN, 0}, {listener_, POLLIN, 0}};
    // How long until something arrives.
    auto wait = -1;
    for (auto& x : all)
      for (auto* half : {&x.up, &x.down}) {
        half->arrive();
        if (!half->under_way.empty())
          wait = 1;
        auto passes = half == &x.up ? up : down;
        fds.push_back(
            {half->from, static_cast<short>(half->wants_to_read() ? POLLIN : 0), 0});
        fds.push_back({half->to,
                       static_cast<short>(passes && !half->waiting.empty() ? POLLOUT : 0),
                       0});
      }
    ::poll(fds.data(), fds.size(), wait);
    std::uint64_t count = 0;
    static_cast<void>(!::read(wake_, &count, sizeof(count)));
    std::size_t i = 2;
    for (auto& x : all)
      for (auto* half : {&x.up, &x.down}) {
        auto passes = half == &x.up ? up : down;
        if (fds[i].revents != 0 && half->wants_to_read())
          half->read_some(delay_);
        if (passes && !half->waiting.empty() && fds[i + 1].revents != 0)
          half->write_some();
        i += 2;
      }
    // An end passes only where everything does, and after all that was said before it.
    all.remove_if([&](const connection& x) {
      return (up && x.up.ended && x.up.is_empty())
             || (down && x.down.ended && x.down.is_empty());
    });
    if ((fds[1].revents & POLLIN) == 0)
      continue;
    auto client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (client < 0)
      continue;
    auto server = mode_ == mode::cut ? -1 : connect_to(server_port_);
    if (server < 0)
      ::close(client);
    else
      all.emplace_back(client, server).down.opens = clock::now() + 3 * delay_;
  }
}

} // namespace partita::test
