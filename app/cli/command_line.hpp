// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace partita::app {

/// Reads the arguments, does what they ask for, and returns the exit code
/// (exit_codes.hpp).
int run_command_line(int argc, const char* const* argv);

} // namespace partita::app
