// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace CLI {
class App;
}

namespace partita::app {

/// Adds `partita plan`: answers who would own what. `code` receives the exit code.
void add_plan(CLI::App& program, int& code);

} // namespace partita::app
