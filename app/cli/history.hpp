// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace CLI {
class App;
}

namespace partita::app {

/// Adds `partita history`: the last plans of a group.
void add_history(CLI::App& program, int& code);

} // namespace partita::app
