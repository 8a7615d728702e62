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
  for_each_option(s, o, [](auto& to, const auto& from) { to = from; });
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
