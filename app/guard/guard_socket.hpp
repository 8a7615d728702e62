// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <utility>

/// The messages of a guard and its worker over a pair of sockets that exists before the
/// worker does. Both are the same program, so that words need no version.
namespace partita::app {

enum class guard_word : std::uint32_t {
  /// From the worker. All work must have stopped by `value`: nanoseconds of CLOCK_BOOTTIME.
  must_stop_by,
  /// All work has stopped.
  stopped,
  /// Leaving takes at most `value` ns.
  leaves_within,
  /// It leaves now.
  leaving,
  /// A goodbye is to be said for it if it dies; what it has sent may arrive until `value` ns
  /// later.
  goodbye_within,
  /// It may write with the nonce of `text`, which is "worker-3 NONCE", as nonce_use `value`.
  used,
  /// From the guard. It was sent the signal `value`.
  signal
};

struct guard_message {
  guard_word word = guard_word::stopped;
  std::int64_t value = 0;
  /// Ends with a 0. Room for the longest worker id and a nonce.
  std::array<char, 112> text{};
};

/// One end; whole messages, in order. Closed with exec and with this object.
class guard_socket {
public:
  /// Both ends. Nothing: the system has none, and errno says why.
  static std::optional<std::pair<guard_socket, guard_socket>> make_pair();

  guard_socket(guard_socket&& other) noexcept : fd_{std::exchange(other.fd_, -1)} {}
  guard_socket& operator=(guard_socket&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~guard_socket();

  /// For poll.
  int fd() const { return fd_; }
  /// Never waits. False: there is no room now, or the other end is closed.
  bool send(const guard_message& x) const;
  enum class heard : std::uint8_t { message, nothing, closed };
  /// Never waits.
  heard receive(guard_message& to) const;

private:
  explicit guard_socket(int fd) : fd_{fd} {}

  int fd_;
};

} // namespace partita::app
