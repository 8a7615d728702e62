// SPDX-License-Identifier: Apache-2.0
#include "partita/app/http/reading_server.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <system_error>
#include <utility>

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace partita::app {

namespace {

constexpr std::size_t most_threads = 64;
// More are closed, the oldest first. Far below the usual limit of 1,024 open files.
constexpr std::size_t most_waiting = 256;
// How long a client may take to begin its request, all others waiting for that.
constexpr auto begin_patience_ms = 500;
// How long it may take to send the whole request, be it byte by byte.
constexpr std::chrono::seconds request_patience{5};

/// The library has set the time-outs of the socket.
class client_stream : public httplib::Stream {
public:
  explicit client_stream(int socket) : socket_{socket} {}

  /// The request begins.
  void begin() { until_ = std::chrono::steady_clock::now() + request_patience; }

  bool is_readable() const override { return true; }
  bool is_writable() const override {
    char first = 0;
    // Of a peer that has gone there is the end to read, or an error.
    auto n = ::recv(socket_, &first, 1, MSG_PEEK | MSG_DONTWAIT);
    return n > 0 || (n < 0 && errno == EAGAIN);
  }
  ssize_t read(char* to, std::size_t size) override {
    auto left = std::chrono::ceil<std::chrono::milliseconds>(
        until_ - std::chrono::steady_clock::now());
    pollfd more{socket_, POLLIN, 0};
    if (left.count() <= 0 || ::poll(&more, 1, static_cast<int>(left.count())) <= 0)
      return -1;
    return ::recv(socket_, to, size, 0);
  }
  ssize_t write(const char* from, std::size_t size) override {
    return ::send(socket_, from, size, MSG_NOSIGNAL);
  }
  void get_remote_ip_and_port(std::string& ip, int&) const override {
    sockaddr_storage found{};
    socklen_t size = sizeof(found);
    auto* at = reinterpret_cast<sockaddr*>(&found);
    std::array<char, NI_MAXHOST> host{};
    if (::getpeername(socket_, at, &size) == 0
        && ::getnameinfo(at, size, host.data(), NI_MAXHOST, nullptr, 0, NI_NUMERICHOST)
               == 0)
      ip = host.data();
  }
  void get_local_ip_and_port(std::string&, int&) const override {}
  socket_t socket() const override { return socket_; }

private:
  int socket_;
  std::chrono::steady_clock::time_point until_;
};

} // namespace

/// Gets, on the thread that accepts, what calls process_and_close_socket.
struct reading_server::queue : httplib::TaskQueue {
  explicit queue(reading_server& x) : server{x} {}
  // Newer releases of the library need to know whether it was taken.
  using taken = decltype(std::declval<httplib::TaskQueue&>().enqueue({}));
  taken enqueue(std::function<void()> accepted) override {
    accepted();
    return static_cast<taken>(true);
  }
  void shutdown() override { server.end(); }
  reading_server& server;
};

reading_server::reading_server() {
  new_task_queue = [this] {
    // The library lets five wait to be accepted; others try again a second later.
    ::listen(svr_sock_, static_cast<int>(most_waiting));
    return new queue{*this};
  };
}

bool reading_server::process_and_close_socket(socket_t socket) {
  std::lock_guard guard{mutex_};
  waiting_.push_back(socket);
  if (waiting_.size() > most_waiting) {
    ::close(waiting_.front());
    waiting_.pop_front();
  }
  if (idle_ < waiting_.size() && threads_.size() < most_threads)
    try {
      threads_.emplace_back([this] { work(); });
    } catch (const std::system_error&) {
      // The limit of threads is reached: the present ones do it.
    }
  changed_.notify_one();
  return true;
}

template <class Stream>
void reading_server::serve(Stream& stream) {
  auto closed = false;
  auto prepare = [](httplib::Request& x) { x.ranges.clear(); };
  std::string ip;
  int port = 0;
  stream.get_remote_ip_and_port(ip, port);
  // Newer releases of the library do not ask the stream themselves.
  if constexpr (requires {
                  process_request(stream, ip, port, ip, port, true, closed, prepare);
                })
    process_request(stream, ip, port, {}, 0, true, closed, prepare);
  else
    process_request(stream, true, closed, prepare);
}

void reading_server::work() {
  std::unique_lock guard{mutex_};
  for (;;) {
    ++idle_;
    changed_.wait(guard, [&] { return ending_ || !waiting_.empty(); });
    --idle_;
    if (ending_)
      return;
    client_stream stream{waiting_.back()};
    waiting_.pop_back();
    guard.unlock();
    pollfd begun{stream.socket(), POLLIN, 0};
    stream.begin();
    if (::poll(&begun, 1, begin_patience_ms) > 0)
      serve(stream);
    ::shutdown(stream.socket(), SHUT_RDWR);
    ::close(stream.socket());
    guard.lock();
  }
}

void reading_server::end() {
  {
    std::lock_guard guard{mutex_};
    ending_ = true;
    std::for_each(waiting_.begin(), waiting_.end(), ::close);
  }
  changed_.notify_all();
  for (auto& x : threads_)
    x.join();
}

} // namespace partita::app
