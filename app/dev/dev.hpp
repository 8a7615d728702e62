// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace CLI {
class App;
}

namespace partita::app {

/// Adds `partita dev`: a whole group in this process.
void add_dev(CLI::App& program, int& code);

} // namespace partita::app
