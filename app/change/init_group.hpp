// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/app/inspect/group_command.hpp"

namespace partita::app {

/// Makes the buckets of a new group and declares it (core::group_init). Waits for
/// heartbeat.ttl and 5 %, or until a stop_worker comes. Says what it does on stdout; the exit
/// code.
int init_group(group_access& access);

} // namespace partita::app
