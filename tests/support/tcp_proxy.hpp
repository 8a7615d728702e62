// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <thread>

namespace partita::test {

/// A TCP proxy on 127.0.0.1 in front of one server, for one client: what happens to a
/// network happens here. Its thread ends with it.
class tcp_proxy {
public:
  enum class mode : std::uint8_t {
    open,
    /// Connections are closed, and new ones at once too.
    cut,
    /// Connections stay, nothing passes; what was sent meanwhile passes afterwards.
    stalled,
    /// As stalled, but only what the client sends.
    deaf_server,
    /// As stalled, but only what the server sends.
    deaf_client
  };

  /// What either side sends arrives after `delay`.
  explicit tcp_proxy(std::uint16_t server_port, std::chrono::milliseconds delay = {});
  tcp_proxy(const tcp_proxy&) = delete;
  tcp_proxy& operator=(const tcp_proxy&) = delete;
  ~tcp_proxy();

  std::string url() const { return "nats://127.0.0.1:" + std::to_string(port_); }
  void set(mode x);

private:
  void run();

  std::uint16_t server_port_;
  std::chrono::milliseconds delay_;
  std::uint16_t port_ = 0;
  int listener_ = -1;
  /// Wakes the thread.
  int wake_ = -1;
  std::atomic<mode> mode_ = mode::open;
  std::atomic<bool> ending_ = false;
  std::thread thread_;
};

} // namespace partita::test
