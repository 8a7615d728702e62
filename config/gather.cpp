// SPDX-License-Identifier: Apache-2.0
#include "partita/config/gather.hpp"

#include "partita/config/checks.hpp"
#include "partita/config/text.hpp"
#include "partita/config/toml_text.hpp"

#include <algorithm>

namespace partita::config {

namespace {

/// The number that is all of `text`, or the text itself, which the option will refuse.
template <class T>
value number_or_text(const std::string& text) {
  auto number = number_in<T>(text);
  return number ? value{*number} : value{text};
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

/// Names the option of that key, in whatever section; empty if there is none.
std::string option_hint(const std::string& key) {
  const auto& all = all_options();
  auto i =
      std::find_if(all.begin(), all.end(), [&](const option& x) { return x.key == key; });
  return i == all.end() ? std::string{} : "did you mean " + i->name() + "?";
}

/// Says what an unknown key may have been meant for: the nearest of its section, or the
/// same word in another one.
std::string key_hint(const std::string& section, const std::string& key) {
  auto keys = keys_of(section);
  if (auto meant = nearest(key, keys); !meant.empty())
    return "did you mean " + section + "." + meant + "?";
  auto elsewhere = option_hint(key);
  return elsewhere.empty() ? "[" + section + "] has " + one_of(keys) : elsewhere;
}

std::string section_hint(const std::string& section, bool in_brackets) {
  auto meant = nearest(section, all_sections());
  if (meant.empty())
    return "there are " + one_of(all_sections());
  return "did you mean " + (in_brackets ? "[" + meant + "]" : meant) + "?";
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
  constexpr auto in_names = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_.";
  origin from{origin::kind::command_line, {}, 0, 0};
  auto equals = text.find('=');
  // What comes before anything that could be a value: that may be a secret.
  if (equals == std::string::npos)
    return add({from,
                text.substr(0, text.find_first_not_of(in_names)),
                {},
                "has no value",
                "write it as section.key=value, as in heartbeat.ttl=6s"});
  auto name = std::string{trimmed(std::string_view{text}.substr(0, equals))};
  auto point = std::min(name.find('.'), name.size());
  auto section = name.substr(0, point);
  auto key = name.substr(std::min(point + 1, name.size()));
  if (!is_section(section))
    return add({from, name, {}, "unknown section", section_hint(section, false)});
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
  add({from, section + "." + key, {}, "unknown key", key_hint(section, key)});
}

void gathering::unknown_section(const std::string& section, const value& x,
                                const origin& from) {
  auto is_table = x.as<value_table>() != nullptr;
  auto option = is_table ? std::string{} : option_hint(section);
  add({from,
       section,
       {},
       is_table ? "unknown section" : "unknown key outside of a section",
       option.empty() ? section_hint(section, true) : option});
}

void gathering::demand(const std::string& file, bool partitions) {
  origin from{origin::kind::file, file, 0, 0};
  for (const auto& x : all_options())
    if (x.required && !seen_.contains(x.name()) && !bad_.contains(x.name()))
      add({from, x.name(), {}, "is missing", "it must be " + x.allowed});
  auto tried = !settings_.partitions.prefix.empty()
               || std::any_of(bad_.begin(), bad_.end(), [](const std::string& x) {
                    return x.starts_with("partitions.");
                  });
  if (partitions && !settings_.partitions.given() && !tried)
    add({from,
         "partitions",
         {},
         "no partitions are named",
         "give list, or prefix and count, or file, or bucket = true, or stream in "
         "[partitions]"});
}

void gathering::demand_programs() {
  const auto& hooks = settings_.hooks;
  const std::pair<const char*, const hook_command&> all[] = {
      {"hooks.assigned", hooks.assigned},
      {"hooks.revoked", hooks.revoked},
      {"hooks.lost", hooks.lost},
      {"hooks.state", hooks.state}};
  for (const auto& [name, words] : all)
    if (auto why = words.empty() ? std::string{} : why_not_executable(words.front());
        !why.empty())
      add({seen_.at(name), name, in_quotes(words.front()),
           "must be a program that can be run", why});
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
