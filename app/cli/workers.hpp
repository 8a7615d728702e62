// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace CLI {
class App;
}

namespace partita::app {

/// Adds `partita workers`: the workers of a group, one by one.
void add_workers(CLI::App& program, int& code);

} // namespace partita::app
