// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace CLI {
class App;
}

namespace partita::app {

/// Adds `partita explain`: who owns a partition, and why.
void add_explain(CLI::App& program, int& code);

} // namespace partita::app
