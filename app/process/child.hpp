// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <caf/fwd.hpp>

#include <functional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <sys/types.h>

/// Processes that this one starts: commands of hooks, and the application.
namespace partita::app {

/// Names and values.
using child_variables = std::vector<std::pair<std::string, std::string>>;

/// What to start.
struct child_command {
  /// The program and its arguments. A name without '/' is looked up in PATH.
  std::vector<std::string> argv;
  /// Variables beside those of this process that hold no secret; they win.
  child_variables environment;
  /// True: its stdin is a pipe to write to, and its stdout is our stderr. False: both are
  /// ours, but for a stdin that is a terminal: a process group in the background must not
  /// read there.
  bool piped = false;
  /// Kills it when the thread that started it ends, be it with the whole process.
  bool dies_with_us = false;
};

/// A process in a group of its own, with the signals of a fresh process and no file of ours
/// but the standard ones. To be waited for with keep_child, then reaped with reap_child: its
/// number cannot become another's before that.
struct child {
  pid_t pid = 0;
  /// Can be polled: readable once the process has ended.
  int pidfd = -1;
  /// The end of the pipe to write to; -1: none.
  int input = -1;
};

/// Why nothing was started.
struct start_failure {
  std::string why;
  /// What a shell would exit with: 127 if there is no such program, else 126.
  int code = 126;
};

/// How a process ended.
struct child_end {
  /// Its exit code, or 128 and the signal that ended it, as shells say it.
  int code = 0;
  /// "exit code 3", "killed by signal 9"; empty: exit code 0.
  std::string failure;
};

std::variant<child, start_failure> start_child(const child_command& what);

/// Feeds a child and waits for the end of the process itself, on a thread that exists only for
/// that; then calls `ended` there, and closes what `x` holds. The owner of the child reaps it
/// after that call. The actor system waits for the end of all children that are kept: they
/// must end before the process can.
void keep_child(caf::actor_system& sys, const child& x, std::string input,
                std::function<void()> ended);

/// Sends a signal to all processes of its group. Harmless if they have ended.
void signal_group(const child& x, int signal);

/// To the process alone.
void signal_child(const child& x, int signal);

/// Reaps one that has ended, once. What is left of its group keeps running.
child_end reap_child(const child& x);

} // namespace partita::app
