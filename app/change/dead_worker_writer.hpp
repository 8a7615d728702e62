// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/app/inspect/group_command.hpp"
#include "partita/core/sidecar/dead_worker.hpp"

namespace partita::app {

/// Writes what core::dead_worker decides, within the time that `access` has. Gives the exit
/// code, after the reason of a failure was printed to stderr.
int write_for(const core::dead_worker& dead, group_access& access);

} // namespace partita::app
