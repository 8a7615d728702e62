// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/actors/options.hpp"
#include "partita/config/settings.hpp"

#include <string>
#include <string_view>
#include <vector>

/// The checks of the configuration for options that a program has set.
namespace partita::embed {

/// What the configuration says of such values, a line for each mistake; `about` begins each.
/// Only of options whose names begin with `section`.
std::vector<std::string> mistakes_in(const config::settings& s, const std::string& about,
                                     std::string_view section = {});

/// How a mistake in the options of this group begins.
std::string about(const std::string& group);

/// The settings that these options come from; those of the strategy, the partitions and NATS
/// are the defaults.
config::settings settings_of(const worker_options& o);

/// With the default names of buckets that have none, and the default strategy if there is none.
worker_options with_defaults(worker_options o);

} // namespace partita::embed
