// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/messages/events.hpp"

#include <cstdint>
#include <string>
#include <variant>

namespace partita::core {

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

  command step(const event& what);

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
