// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace CLI {
class App;
}

namespace partita::app {

/// Adds `partita check-config`: reads a configuration and starts nothing.
void add_check_config(CLI::App& program, int& code);

} // namespace partita::app
