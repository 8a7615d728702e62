// SPDX-License-Identifier: Apache-2.0
#include "partita/config/gather.hpp"

#include "partita/config/checks.hpp"
#include "partita/config/relations.hpp"
#include "partita/config/text.hpp"
#include "partita/config/toml_text.hpp"

#include <algorithm>
#include <charconv>

namespace partita::config {

namespace {

/// The number that is all of `text`, or the text itself, which the option will refuse.
template <class T>
value number_or_text(const std::string& text) {
  T number{};
  auto end = text.data() + text.size();
  auto [at, failed] = std::from_chars(text.data(), end, number);
  if (failed == std::errc{} && at == end)
    return {number};
  return {text};
}

value_list split(std::string_view text) {
  value_list result;
  if (trimmed(text).empty())
    return result;
  for (;;) {
    auto comma = text.find(',');
    result.push_back({std::string{trimmed(text.substr(0, comma))}});
    if (comma == std::string_view::npos)
      return result;
    text.remove_prefix(comma + 1);
  }
}

value from_text(option_type type, const std::string& text) {
  switch (type) {
  case option_type::integer:
    return number_or_text<std::int64_t>(text);
  case option_type::real:
    return number_or_text<double>(text);
  case option_type::boolean:
    if (text == "true" || text == "false")
      return {text == "true"};
    return {text};
  case option_type::list:
    if (trimmed(text).starts_with('[')) {
      auto parsed = parse_toml_value(text);
      return parsed ? *parsed : value{text};
    }
    return {split(text)};
  case option_type::command:
    if (auto parsed = parse_toml_value(text); parsed && parsed->as<value_list>())
      return *parsed;
    return {text};
  case option_type::text:
  case option_type::duration:
    break;
  }
  return {text};
}

/// Says what an unknown key may have been meant for: the nearest of its section, or the
/// same word in another one.
std::string hint(const std::string& section, const std::string& key) {
  auto keys = keys_of(section);
  if (auto meant = nearest(key, keys); !meant.empty())
    return "did you mean " + section + "." + meant + "?";
  for (const auto& x : all_options())
    if (x.key == key)
      return "did you mean " + x.name() + "?";
  return "[" + section + "] has " + one_of(keys);
}

/// `heartbeat` and `ttl` of `heartbeat.ttl`; the key is empty if there is no point.
std::pair<std::string, std::string> split_name(const std::string& name) {
  auto point = name.find('.');
  if (point == std::string::npos)
    return {name, {}};
  return {name.substr(0, point), name.substr(point + 1)};
}

/// What comes before anything that could be a value, for a text without '='.
std::string name_part(const std::string& text) {
  auto end = std::find_if(text.begin(), text.end(), [](char c) {
    return !(c == '.' || c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'));
  });
  return {text.begin(), end};
}

bool is_section(const std::string& x) {
  const auto& all = all_sections();
  return std::find(all.begin(), all.end(), x) != all.end();
}

} // namespace

void gathering::take_file(const value_table& root, const std::string& name) {
  for (const auto& [section, content] : root)
    take_section(section, content, name);
}

void gathering::take_section(const std::string& section, const value& x,
                             const std::string& file) {
  origin from{origin::kind::file, file, x.line, 0};
  if (!is_section(section))
    return unknown_section(section, x, from);
  auto* entries = x.as<value_table>();
  if (!entries) {
    // Its options are not missing as well.
    for (const auto& key : keys_of(section))
      bad_.insert(find_option(section, key)->name());
    return add({from, section, describe(x), "must be a table",
                "write [" + section + "] on a line of its own and its options below"});
  }
  for (const auto& [key, content] : *entries) {
    from.line = content.line;
    if (auto* known = find_option(section, key))
      take(*known, content, from);
    else
      unknown_key(section, key, from);
  }
}

void gathering::take_environment(const std::map<std::string, std::string>& variables) {
  for (const auto& x : all_options())
    if (auto given = variables.find(x.variable());
        given != variables.end() && !given->second.empty())
      take_text(x, given->second, {origin::kind::environment, given->first, 0, 0});
}

void gathering::take_override(const std::string& text) {
  origin from{origin::kind::command_line, {}, 0, 0};
  auto equals = text.find('=');
  if (equals == std::string::npos)
    return add({from,
                name_part(text),
                {},
                "has no value",
                "write it as section.key=value, as in heartbeat.ttl=6s"});
  auto name = std::string{trimmed(std::string_view{text}.substr(0, equals))};
  auto [section, key] = split_name(name);
  if (!is_section(section)) {
    auto meant = nearest(section, all_sections());
    return add({from,
                name,
                {},
                "unknown section",
                meant.empty() ? "there are " + one_of(all_sections())
                              : "did you mean " + meant + "?"});
  }
  if (auto* known = find_option(section, key))
    take_text(*known, text.substr(equals + 1), from);
  else
    unknown_key(section, key, from);
}

void gathering::take_text(const option& x, const std::string& text, const origin& from) {
  if (is_utf8(text))
    return take(x, from_text(x.type, text), from);
  bad_.insert(x.name());
  add({from, x.name(), {}, "is not UTF-8", {}});
}

void gathering::take(const option& x, const value& content, const origin& from) {
  auto wrong = x.set(settings_, content);
  for (auto& complaint : wrong) {
    auto where = from;
    if (complaint.line > 0)
      where.line = complaint.line;
    auto found = x.secret ? "(hidden)" : std::move(complaint.found);
    add({where, x.name() + complaint.at, std::move(found), std::move(complaint.expected),
         std::move(complaint.remedy)});
  }
  if (wrong.empty())
    seen_[x.name()] = from;
  else
    bad_.insert(x.name());
}

void gathering::unknown_key(const std::string& section, const std::string& key,
                            const origin& from) {
  add({from, section + "." + key, {}, "unknown key", hint(section, key)});
}

void gathering::unknown_section(const std::string& section, const value& x,
                                const origin& from) {
  auto is_table = x.as<value_table>() != nullptr;
  auto meant = nearest(section, all_sections());
  auto remedy = "there are " + one_of(all_sections());
  if (!meant.empty())
    remedy = "did you mean [" + meant + "]?";
  if (!is_table)
    for (const auto& known : all_options())
      if (known.key == section)
        remedy = "did you mean " + known.name() + "?";
  add({from,
       section,
       {},
       is_table ? "unknown section" : "unknown key outside of a section",
       remedy});
}

void gathering::demand(const std::string& file, bool partitions) {
  origin from{origin::kind::file, file, 0, 0};
  for (const auto& x : all_options())
    if (x.required && !seen_.contains(x.name()) && !bad_.contains(x.name()))
      add({from, x.name(), {}, "is missing", "it must be " + x.allowed});
  auto bad = [&](const std::string& key) { return bad_.contains("partitions." + key); };
  auto half = !settings_.partitions.prefix.empty();
  if (partitions && !settings_.partitions.given() && !half && !bad("list")
      && !bad("prefix") && !bad("count") && !bad("file") && !bad("bucket"))
    add({from,
         "partitions",
         {},
         "no partitions are named",
         "give list, or prefix and count, or file, or bucket = true in [partitions]"});
}

void gathering::demand_programs() {
  const auto& hooks = settings_.hooks;
  const std::pair<const char*, const hook_command&> all[] = {
      {"hooks.assigned", hooks.assigned},
      {"hooks.revoked", hooks.revoked},
      {"hooks.lost", hooks.lost},
      {"hooks.state", hooks.state}};
  for (const auto& [name, words] : all) {
    if (words.empty())
      continue;
    if (auto why = why_not_executable(words.front()); !why.empty())
      add({seen_.at(name), name, in_quotes(words.front()),
           "must be a program that can be run", why});
  }
}

void gathering::choose_times() {
  if (settings_.buckets.replicas > 1 && !seen_.contains("timing.profile"))
    settings_.timing.profile = "cluster";
  for (const auto& x : times_of(settings_.timing.profile))
    if (const auto& known = *find_option(x.section, x.key); !seen_.contains(known.name()))
      known.set(settings_, {std::string{x.value}});
}

void gathering::relate(const std::string& file) {
  auto bad = [&](const std::string& key) { return bad_.contains(key); };
  for (const auto& x : all_relations()) {
    if (std::any_of(x.keys.begin(), x.keys.end(), bad))
      continue;
    auto wrong = x.check(settings_);
    if (!wrong)
      continue;
    // The value that the user wrote is the one to point at, even if a default is too
    // small.
    origin from{origin::kind::file, file, 0, 0};
    for (auto key = x.keys.rbegin(); key != x.keys.rend(); ++key)
      if (auto known = seen_.find(*key); known != seen_.end())
        from = known->second;
    if (!wrong->found.empty() && !seen_.contains(x.keys.front()))
      wrong->found += settings_.timing.profile == "default"
                          ? " (the default)"
                          : " (the default of profile " + settings_.timing.profile + ")";
    add({from, x.keys.front(), wrong->found, wrong->expected, wrong->remedy});
  }
}

std::vector<problem> gathering::problems() && {
  sort_problems(problems_);
  return std::move(problems_);
}

} // namespace partita::config
