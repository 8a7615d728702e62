// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace partita::app {

/// Adds `partita run`: one worker, until it is told to stop. `command`: what stood behind
/// `--`, the application and its arguments; empty: none.
void add_run(CLI::App& program, std::vector<std::string> command, int& code);

} // namespace partita::app
