// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace CLI {
class App;
}

namespace partita::app {

/// Adds the commands by which operators give directives: drain, cordon, uncordon, pin,
/// unpin, pause, resume, step-down, rebalance.
void add_directives(CLI::App& program, int& code);

} // namespace partita::app
