// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/actors/options.hpp"
#include "partita/core/strategies/strategies.hpp"

#include <string>
#include <vector>

/// The checks of the configuration for options that a program has set.
namespace partita::embed {

/// What the configuration says of these values, a line for each mistake, which begins with the
/// group.
std::vector<std::string> mistakes_in(const member_settings& s,
                                     const core::strategy_options& strategy = {});
std::vector<std::string> mistakes_in(const nats_options& x);

/// How a mistake in the options of this group begins.
std::string about(const std::string& group);

/// With the default names of buckets that have none, and the default strategy if there is none.
worker_options with_defaults(worker_options o);

} // namespace partita::embed
