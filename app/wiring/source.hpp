// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/config/settings.hpp"
#include "partita/messages/interfaces.hpp"

namespace partita::app {

/// The partition source that the settings name: their list, a file or a bucket of
/// `store`. The caller ends it.
partition_source_actor spawn_source(caf::actor_system& sys, const config::settings& s,
                                    const store_actor& store);

} // namespace partita::app
