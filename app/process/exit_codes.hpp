// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace partita::app {

/// The exit codes of the program.
enum exit_code : int {
  exit_fine = 0,
  /// It began to run, and failed.
  exit_failed = 1,
  /// Nothing was begun: the command line, the configuration or the input is wrong.
  exit_usage = 2,
  /// As shells: a program that was to be started, but is not executable, or not there.
  exit_not_executable = 126,
  exit_not_found = 127
};

} // namespace partita::app
