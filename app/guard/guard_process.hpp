// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/actors/guard_link.hpp"
#include "partita/core/sidecar/dead_worker.hpp"
#include "partita/core/time.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <variant>

/// The small parent process of a worker (docs/protocol.md, "The guard"). It opens no connection
/// and reads no configuration.
namespace partita::app {

/// In the worker: its end. In the guard, once all is over: the exit code. Else: why there is no
/// guard, and nothing was begun.
using guarded = std::variant<guard_socket, int, std::string>;

/// Writes what is to be written in the place of a dead worker, until then at the latest. Runs in
/// a process of its own, and gives its exit code.
using say_goodbye = std::function<int(const core::dead_worker&, core::time_point until)>;

/// How the child gets signals that were sent to the guard.
enum class passing : std::uint8_t {
  /// Over the socket: it holds those that it gets itself.
  as_messages,
  /// As signals, except those of a terminal, which the child gets by itself. The child, not
  /// the guard, reports to a service manager.
  as_signals
};

/// Makes this process the guard of a child, in which the call returns first; in this
/// process it returns when the child, and all that must not run without it, has ended. To
/// be called before any thread exists and with signals held (hold_signals).
guarded start_guarded(say_goodbye goodbye, passing signals = passing::as_messages);

} // namespace partita::app
