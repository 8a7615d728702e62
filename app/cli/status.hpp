// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace CLI {
class App;
}

namespace partita::app {

/// Adds `partita status`: a group as its buckets show it.
void add_status(CLI::App& program, int& code);

} // namespace partita::app
