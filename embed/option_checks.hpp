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

/// Calls `f` with each setting and the option of a worker that it is, all but the strategy's.
template <class Settings, class Options, class F>
void for_each_option(Settings& s, Options& o, F f) {
  f(s.group.name, o.group);
  f(s.group.ownership, o.ownership);
  f(s.buckets, o.buckets);
  f(s.worker.id_prefix, o.id.prefix);
  f(s.worker.id_min, o.id.min);
  f(s.worker.id_max, o.id.max);
  f(s.worker.id_ttl, o.id.ttl);
  f(s.worker.instance, o.id.instance);
  f(s.worker.capacity, o.capacity);
  f(s.worker.zone, o.zone);
  f(s.worker.shutdown, o.shutdown);
  f(s.heartbeat, o.heartbeat);
  f(s.election, o.election);
  f(s.rebalance, o.rebalance);
  f(s.timeouts, o.timeouts);
  f(s.degraded, o.degraded);
}

/// The settings that these options come from; those of the strategy, the partitions and NATS
/// are the defaults.
config::settings settings_of(const worker_options& o);

/// With the default names of buckets that have none, and the default strategy if there is none.
worker_options with_defaults(worker_options o);

} // namespace partita::embed
