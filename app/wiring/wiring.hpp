// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/actors/options.hpp"
#include "partita/config/settings.hpp"
#include "partita/store/nats/nats_store.hpp"

#include <string>
#include <vector>

/// From settings to the options of the actors.
namespace partita::app {

/// The settings' strategy comes with them. Bucket names that are empty get their
/// defaults.
worker_options worker_options_of(const config::settings& s);

/// Names of the partitions that the configuration lists; empty if it lists none.
std::vector<std::string> names_of(const config::partitions_settings& s);

/// `client_name` is how the server's monitoring shows this process.
nats_options nats_options_of(const config::settings& s, std::string client_name);

/// The addresses without user, password and token, for people:
/// `nats://127.0.0.1:4222, nats://127.0.0.1:4223`.
std::string shown(const std::vector<std::string>& urls);

} // namespace partita::app
