// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/app/inspect/group_command.hpp"

namespace partita::app {

/// Shows the group until `access.self` gets a stop_worker; the exit code. Continues over
/// reconnects and says so.
int watch_status(group_access& access, bool json);

} // namespace partita::app
