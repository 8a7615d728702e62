// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace partita::app {

/// Adds `partita run`: one worker, until an order to stop. `command`: the words behind
/// `--`, the application and its arguments; empty: none.
void add_run(CLI::App& program, std::vector<std::string> command, int& code);

} // namespace partita::app
