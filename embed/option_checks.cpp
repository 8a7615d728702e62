// SPDX-License-Identifier: Apache-2.0
#include "partita/embed/option_checks.hpp"

#include "partita/config/load.hpp"
#include "partita/config/options.hpp"

namespace partita::embed {

namespace {

/// What a file of these values would be refused for: no range, relation or text is written
/// twice. Only of options whose names begin with `section`.
std::vector<std::string> refusals_of(const config::settings& s, const std::string& about,
                                     std::string_view section) {
  std::vector<std::string> result;
  // A value that no file can state would be left out there, and the default be checked.
  for (const auto& x : config::all_options())
    if (x.name().starts_with(section) && x.get(s).empty()
        && !x.get(config::settings{}).empty())
      result.push_back(about + ": " + x.name() + ": must be " + x.allowed);
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

} // namespace

std::vector<std::string> mistakes_in(const member_settings& s,
                                     const core::strategy_options& strategy) {
  config::settings all;
  static_cast<member_settings&>(all) = s;
  all.strategy = strategy;
  auto result = refusals_of(all, about(s.group.name), "");
  if (s.buckets.max_bytes != 0)
    result.push_back(about(s.group.name)
                     + ": buckets.max_bytes: belongs to the connection: set "
                       "nats_options::max_bucket_bytes");
  return result;
}

std::vector<std::string> mistakes_in(const nats_options& x) {
  config::settings all;
  all.group.name = "any";
  all.nats = x;
  auto result = refusals_of(all, "connection", "nats.");
  auto positive = [&](std::chrono::milliseconds given, const std::string& field) {
    if (given.count() <= 0)
      result.push_back("connection: " + field + ": must be more than 0");
  };
  positive(x.request_timeout, "request_timeout");
  positive(x.watch_heartbeat, "watch_heartbeat");
  return result;
}

std::string about(const std::string& group) {
  return group.empty() ? "options" : "group " + group;
}

worker_options with_defaults(worker_options o) {
  o.name_buckets();
  if (!o.strategy)
    o.strategy = core::make_strategy({});
  return o;
}

} // namespace partita::embed
