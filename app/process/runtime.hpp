// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <caf/actor_system_config.hpp>

namespace partita::app {

/// CAF as the service runs it. Parses neither arguments nor files.
struct runtime_config : caf::actor_system_config {
  runtime_config();
};

/// Makes `partita` the default logger: its lines go to stderr, written by a thread of
/// their own, and dropped and counted if stderr is not read (app/output/line_writer.hpp).
/// `level` as in the settings: trace to critical, or off.
void start_logging(const std::string& level);

} // namespace partita::app
