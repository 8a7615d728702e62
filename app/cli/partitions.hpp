// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace CLI {
class App;
}

namespace partita::app {

/// Adds `partita partitions`: lists and changes the bucket of a group's partitions; asks no
/// worker.
void add_partitions(CLI::App& program, int& code);

} // namespace partita::app
