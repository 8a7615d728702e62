// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/actors/deadline_observer.hpp"
#include "partita/app/guard/guard_socket.hpp"

#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

namespace partita::app {

/// The worker's end of the line to its guard: reports until when work may continue, and
/// receives the signals that the guard got.
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
  /// to arrive. Before any worker starts: without it the guard learns no nonce.
  void wants_goodbye(std::chrono::milliseconds within);
  /// This process ends, for whatever reason.
  void leaving();

  /// Can be polled: readable when next_signal has something to say.
  int fd() const { return socket_.fd(); }
  /// 0: none for now; nothing: the guard has ended.
  std::optional<int> next_signal();

private:
  void tell_earliest();

  guard_socket socket_;
  bool wants_goodbye_ = false;
  /// The supervisor of a worker may end while the next one begins, on another thread.
  std::mutex mutex_;
  std::map<std::string, core::time_point> deadlines_;
};

} // namespace partita::app
