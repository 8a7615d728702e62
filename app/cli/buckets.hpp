// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace CLI {
class App;
}

namespace partita::app {

/// Adds `partita buckets check` and `update`; `code` becomes the exit code.
void add_buckets(CLI::App& program, int& code);

} // namespace partita::app
