// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/config/settings.hpp"

#include <caf/actor_system_config.hpp>

namespace partita::app {

/// CAF as the service runs it. Parses neither arguments nor files.
struct runtime_config : caf::actor_system_config {
  runtime_config();
};

/// Makes `partita` the default logger: its lines go to stderr, or to a file, written by a thread
/// of their own, and dropped and counted if it does not get on (app/output/line_writer.hpp).
/// `group`: named in each line of JSON. A second call changes only the level. False: errno says why
/// the file cannot be written.
bool start_logging(const config::log_settings& s, const std::string& group = {});

/// Opens the file of start_logging again.
void reopen_log();

/// Gives the pages that starting has used and left free back to the kernel: a sixth of the
/// memory of an idle worker. Does nothing in a process that has grown large, where the search
/// would hold up every thread that allocates. May be called by any thread.
void return_memory_of_start();

} // namespace partita::app
