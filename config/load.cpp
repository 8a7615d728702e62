// SPDX-License-Identifier: Apache-2.0
#include "partita/config/load.hpp"

#include "partita/config/gather.hpp"
#include "partita/config/partitions_file.hpp"
#include "partita/config/text.hpp"
#include "partita/config/toml_text.hpp"

#include <algorithm>
#include <iterator>

#include <unistd.h>

namespace partita::config {

namespace {

std::vector<std::string> secret_keys() {
  std::vector<std::string> result;
  for (const auto& x : all_options())
    if (x.secret)
      result.push_back(x.key);
  return result;
}

constexpr std::string_view prefix = "PARTITA_";

/// Names no option: where the configuration is, and what hooks and applications are given,
/// which may call partita, too.
constexpr std::string_view also_known[] = {"CONFIG",     "EVENT",        "GROUP",
                                           "PARTITIONS", "TIME_LEFT_MS", "TOKEN",
                                           "WORKER_ID",  "URL"};

std::vector<std::string> known_names() {
  std::vector<std::string> result;
  for (const auto& x : all_options())
    result.push_back(x.variable().substr(prefix.size()));
  result.insert(result.end(), std::begin(also_known), std::end(also_known));
  return result;
}

bool is_url(std::string_view text) {
  return text.starts_with("tcp://") || text.starts_with("udp://")
         || text.starts_with("sctp://");
}

/// Whether Kubernetes sets it, for every Service of a pod's namespace: `X_SERVICE_HOST`,
/// `X_SERVICE_PORT`, `X_SERVICE_PORT_<NAME>`, `X_PORT` and `X_PORT_<NUMBER>_<PROTOCOL>`, which
/// are URLs, and `_PROTO`, `_PORT` and `_ADDR` behind the latter.
bool is_of_service(std::string_view name, std::string_view text) {
  auto holds = [&](std::string_view part) {
    return name.find(part) != std::string_view::npos;
  };
  auto protocol = holds("_TCP") || holds("_UDP") || holds("_SCTP");
  return name.ends_with("SERVICE_HOST") || name.ends_with("SERVICE_PORT")
         || holds("SERVICE_PORT_") || (name.ends_with("PORT") && is_url(text))
         || (holds("PORT_") && protocol
             && (is_url(text) || name.ends_with("_PROTO") || name.ends_with("_PORT")
                 || name.ends_with("_ADDR")));
}

/// Takes what counts beside the file, then closes the account.
load_result finish(gathering&& all, const std::string& name, bool file_was_read,
                   const load_options& options) {
  all.take_environment(options.environment);
  for (const auto& x : options.overrides)
    all.take_override(x);
  all.choose_times();
  // What is missing or does not fit together is unknown as long as the file is.
  if (file_was_read) {
    all.demand(name, options.partitions_required);
    if (options.programs_required)
      all.demand_programs();
    all.relate(name);
  }
  all.result().name_buckets();
  auto result = std::move(all.result());
  auto problems = std::move(all).problems();
  if (!result.partitions.file.empty()) {
    // Workers start with the content of the file, so it is checked like the rest.
    auto found = load_partitions(result.partitions.file);
    if (auto* wrong = std::get_if<std::vector<problem>>(&found))
      std::move(wrong->begin(), wrong->end(), std::back_inserter(problems));
  }
  if (!problems.empty())
    return problems;
  return result;
}

} // namespace

load_result load_settings(const std::string& path, const load_options& options) {
  auto content = read_file(path);
  if (content.why_not.empty())
    return load_settings_text(content.text, path, options);
  gathering all;
  all.add({{origin::kind::file, path, 0, 0},
           {},
           {},
           content.why_not,
           "name a configuration file that can be read"});
  return finish(std::move(all), path, false, options);
}

load_result load_settings_text(std::string_view text, const std::string& name,
                               const load_options& options) {
  gathering all;
  auto document = parse_toml(text, name, secret_keys());
  all.take_file(document.root, name);
  if (document.error)
    all.add(*document.error);
  return finish(std::move(all), name, !document.error, options);
}

std::map<std::string, std::string> process_environment() {
  std::map<std::string, std::string> result;
  for (auto entry = environ; entry && *entry; ++entry) {
    std::string_view text{*entry};
    auto equals = text.find('=');
    if (text.starts_with(prefix) && equals != std::string_view::npos)
      result.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return result;
}

std::vector<problem> unknown_variables(const std::map<std::string, std::string>& all) {
  std::vector<problem> result;
  const auto known = known_names();
  for (const auto& [name, text] : all) {
    if (!name.starts_with(prefix) || text.empty())
      continue;
    auto rest = name.substr(prefix.size());
    if (std::find(known.begin(), known.end(), rest) != known.end()
        || is_of_service(rest, text))
      continue;
    auto meant = nearest(rest, known);
    result.push_back({{origin::kind::environment, name, 0, 0},
                      {},
                      {},
                      "names no setting and is ignored",
                      meant.empty()
                          ? "settings are PARTITA_<SECTION>_<KEY>"
                          : "did you mean " + std::string{prefix} + meant + "?"});
  }
  return result;
}

std::vector<std::string> differences(const settings& a, const settings& b) {
  std::vector<std::string> result;
  for (const auto& x : all_options())
    if (x.get(a) != x.get(b))
      result.push_back(x.name());
  return result;
}

std::string to_toml(const settings& x) {
  std::string result;
  std::string section;
  for (const auto& option : all_options()) {
    if (option.section != section) {
      section = option.section;
      result += (result.empty() ? "[" : "\n[") + section + "]\n";
    }
    auto text = option.get(x);
    result += text.empty() ? "# " + option.key + " is not used\n"
                           : option.key + " = " + text + "\n";
  }
  return result;
}

} // namespace partita::config
