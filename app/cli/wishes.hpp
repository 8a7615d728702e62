#pragma once

namespace CLI {
class App;
}

namespace partita::app {

/// Adds the commands by which operators say what they wish: drain, cordon, uncordon, pin,
/// unpin, pause, resume, step-down, rebalance.
void add_wishes(CLI::App& program, int& code);

} // namespace partita::app
