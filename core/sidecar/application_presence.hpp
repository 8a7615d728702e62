// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/core/time.hpp"
#include "partita/messages/events.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace partita::core {

/// Whether the application that does a worker's work is there, by its calls.
///
/// Invariant: it is held to be present for at least as long as it may work. The
/// application stops by itself ttl after it *sent* its last call that was answered, and
/// this side counts from when that call *arrived*, which is later.
class application_lease {
public:
  enum class news : std::uint8_t { none, came, went };

  /// `ttl` 0: it counts as present from the start, and for ever.
  explicit application_lease(duration ttl) : ttl_{ttl}, present_{ttl == duration{0}} {}

  news called(time_point now) {
    if (ttl_ == duration{0})
      return news::none;
    last_ = now;
    return std::exchange(present_, true) ? news::none : news::came;
  }

  news tick(time_point now) {
    auto end = wake_at();
    if (!end || now < *end)
      return news::none;
    present_ = false;
    return news::went;
  }

  /// When it is gone unless it calls.
  std::optional<time_point> wake_at() const {
    if (!present_ || !last_)
      return std::nullopt;
    return *last_ + ttl_;
  }

  bool present() const { return present_; }
  /// Whether it has ever called.
  bool seen() const { return last_.has_value(); }
  duration ttl() const { return ttl_; }

private:
  duration ttl_;
  bool present_;
  std::optional<time_point> last_;
};

/// Whether a process has a worker in the group, by the calls of its application and the
/// orders to stop.
///
///             called             silent              stopped
///   +--------+ ---> +---------+ ------> +---------+ ---------> absent, or present if
///   | absent |      | present |         | leaving |            called meanwhile
///   +--------+      +---------+         +---------+
///        |               |   told            |   told
///        | told          v                   v
///        |            +--------+ <-----------+
///        |            | ending |
///        v            +--------+ --stopped--> over
///      over
///
/// Promises:
/// - There is never more than one worker: the next one starts after the last has stopped.
/// - A silent application ends the worker and nothing else; an order to stop ends the
///   whole process.
class application_presence {
public:
  // -- events ---------------------------------------------------------------------------

  /// The application has called (again); where none is asked for, once at the start.
  struct called {};
  /// The application has not called for too long.
  struct silent {};
  /// The process receives an order to leave.
  struct told {
    leave_mode mode = leave_mode::configured;
  };
  /// The worker has ended; `failure` says why if that was not asked for.
  struct stopped {
    std::string failure;
  };
  using event = std::variant<called, silent, told, stopped>;

  // -- commands -------------------------------------------------------------------------

  struct nothing {};
  struct start {};
  /// It ends with stopped.
  struct stop {
    leave_mode mode = leave_mode::configured;
  };
  /// The process has nothing to do any more.
  struct finish {
    std::string failure;
  };
  using command = std::variant<nothing, start, stop, finish>;

  command step(const event& what) {
    return std::visit([this](const auto& x) { return on(x); }, what);
  }

private:
  enum class state : std::uint8_t { absent, present, leaving, ending, over };

  command on(const called& what);
  command on(const silent& what);
  command on(const told& what);
  command on(const stopped& what);

  state state_ = state::absent;
  /// Called while leaving.
  bool wanted_ = false;
};

} // namespace partita::core
