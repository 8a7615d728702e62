// SPDX-License-Identifier: Apache-2.0
#include "partita/embed/option_checks.hpp"

#include "partita/config/load.hpp"

namespace partita::embed {

std::vector<std::string> mistakes_in(const config::settings& s, const std::string& about,
                                     std::string_view section) {
  std::vector<std::string> result;
  // What a file of these values would be refused for: no range, relation or text is written
  // twice.
  auto loaded = config::load_settings_text(config::to_toml(s), about);
  if (auto* problems = std::get_if<std::vector<config::problem>>(&loaded))
    for (auto& x : *problems) {
      if (!x.key.starts_with(section))
        continue;
      x.where = {config::origin::kind::file, about, 0, 0};
      result.push_back(to_string(x));
    }
  return result;
}

std::string about(const std::string& group) {
  return group.empty() ? "options" : "group " + group;
}

config::settings settings_of(const worker_options& o) {
  config::settings s;
  s.group.name = o.group;
  s.group.ownership = o.ownership;
  s.buckets = o.buckets;
  s.worker.id_prefix = o.id.prefix;
  s.worker.id_min = o.id.min;
  s.worker.id_max = o.id.max;
  s.worker.id_ttl = o.id.ttl;
  s.worker.instance = o.id.instance;
  s.worker.capacity = o.capacity;
  s.worker.zone = o.zone;
  s.worker.shutdown = o.shutdown;
  s.heartbeat = o.heartbeat;
  s.election = o.election;
  s.rebalance = o.rebalance;
  s.timeouts = o.timeouts;
  s.degraded = o.degraded;
  return s;
}

worker_options with_defaults(worker_options o) {
  auto s = settings_of(o);
  config::name_buckets(s);
  o.buckets = s.buckets;
  if (!o.strategy)
    o.strategy = core::make_strategy(s.strategy);
  return o;
}

} // namespace partita::embed
