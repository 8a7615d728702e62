#pragma once

namespace CLI {
class App;
}

namespace partita::app {

/// Adds `partita run`: one worker, until it is told to stop.
void add_run(CLI::App& program, int& code);

} // namespace partita::app
