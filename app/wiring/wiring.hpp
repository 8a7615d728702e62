// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/actors/consumers.hpp"
#include "partita/actors/options.hpp"
#include "partita/config/settings.hpp"
#include "partita/messages/interfaces.hpp"

#include <cstdint>
#include <string>
#include <vector>

/// From settings to the store, the partition source and the options of the actors.
namespace partita::app {

enum class store_kind : std::uint8_t { nats, memory };

/// The store of this process; no other code of the program names an implementation.
/// `client_name` is how the server's monitoring shows this process.
store_actor spawn_store(caf::actor_system& sys, const config::settings& s,
                        std::string client_name, store_kind kind = store_kind::nats);

/// The partition source that the settings name: their list, a file, or a bucket or stream
/// of `store`. The caller ends it.
partition_source_actor spawn_source(caf::actor_system& sys, const config::settings& s,
                                    const store_actor& store);

/// The settings' strategy comes with them.
worker_options worker_options_of(const config::settings& s);

/// Of a worker that consumes a stream (consume.stream).
consumers_options consumers_options_of(const config::settings& s);

/// Names of the partitions that the configuration lists; empty if it lists none.
std::vector<std::string> names_of(const config::partitions_settings& s);

nats_options nats_options_of(const config::settings& s, std::string client_name);

/// The addresses without user, password and token, for people:
/// `nats://127.0.0.1:4222, nats://127.0.0.1:4223`.
std::string shown(const std::vector<std::string>& urls);

} // namespace partita::app
