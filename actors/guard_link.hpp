// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/actors/deadline_observer.hpp"
#include "partita/actors/descriptor.hpp"
#include "partita/core/sidecar/guard.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>

/// The line between a guard and its worker: a pair of sockets that exists before the worker.
namespace partita {

/// The worker may write with this nonce.
struct nonce_news {
  core::nonce_use use = core::nonce_use::heartbeat;
  /// "worker-3 NONCE", and a 0. Room for the longest worker id and a nonce.
  std::array<char, 112> text{};
};

/// What it does, for a service manager.
struct state_news {
  /// It takes part in its group.
  bool joined = false;
  /// Ends with a 0.
  std::array<char, 112> text{};
};

/// It has read its configuration again.
struct reload_news {};

/// What the worker says, and `pass` from the guard. A host that `partita guard` has started may
/// be built with another release: any change of these bytes is a new guard_line_version.
using guard_message = std::variant<core::guard::must_stop_by, core::guard::stopped,
                                   core::guard::leaves_within, core::guard::leaving,
                                   core::guard::goodbye_within, nonce_news, state_news,
                                   reload_news, core::guard::pass>;
static_assert(std::is_trivially_copyable_v<guard_message>);
inline constexpr int guard_line_version = 1;

/// One end; whole messages, in order. Closed with exec and with this object.
class guard_socket {
public:
  /// Both ends. Nothing: the system has none, and errno says why.
  static std::optional<std::pair<guard_socket, guard_socket>> make_pair();
  /// The end that a guard has left open for this program with `hand_over`, once: the variable
  /// is removed. Nothing: there is none, or `why` says why it cannot be used.
  static std::optional<guard_socket> inherited(std::string& why);
  /// Keeps it open for the program that this process executes next, which finds it by a
  /// variable of its environment.
  void hand_over() const;

  /// For poll.
  int fd() const { return fd_.get(); }
  /// Never waits. False: there is no room now, or the other end is closed.
  bool send(const guard_message& x) const;
  enum class heard : std::uint8_t { message, nothing, closed };
  /// Never waits.
  heard receive(guard_message& to) const;

private:
  explicit guard_socket(int fd) : fd_{fd} {}

  descriptor fd_;
};

/// The worker's end: reports until when work may continue, and receives the signals that the
/// guard got.
class guard_link : public deadline_observer {
public:
  explicit guard_link(guard_socket socket) : socket_{std::move(socket)} {}

  // The guard keeps one deadline: the earliest, where a worker that has ended without
  // having confirmed is followed by another one. What finds no room is dropped: the guard
  // was stopped for minutes then, and ends this process by the last message.
  void must_stop_by(const std::string& worker, core::time_point when) override;
  void stopped(const std::string& worker) override;
  void used(const core::used_nonce& x) override;

  /// How long leaving may take from the first order to stop on.
  void leaves_within(std::chrono::milliseconds limit);
  /// The guard is to say goodbye for a worker that dies; what it has sent may take so long
  /// to arrive.
  void wants_goodbye(std::chrono::milliseconds within);
  /// What the worker does, for people, as much as a message has room for. `joined`: it takes
  /// part in its group, or waits for an application to call.
  void status(const std::string& text, bool joined);
  /// The configuration has been read again.
  void reloaded();
  /// This process ends, for whatever reason.
  void leaving();

  /// Can be polled: readable when next_signal has something to say.
  int fd() const { return socket_.fd(); }
  /// 0: none for now; nothing: the guard has ended.
  std::optional<int> next_signal();

private:
  void tell_earliest();

  guard_socket socket_;
  /// The supervisor of a worker may end while the next one begins, on another thread.
  std::mutex mutex_;
  std::map<std::string, core::time_point> deadlines_;
};

/// The line of this process to the `partita guard` that has started it; the same at each call.
/// Null: it was started without one, or by one that does not fit, which stderr says.
std::shared_ptr<guard_link> guard_of_process();

} // namespace partita
