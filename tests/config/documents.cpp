// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE config.documents

#include "fixture.hpp"

#include "partita/config/text.hpp"

#include <map>

using namespace partita::config;

namespace {

const std::string shipped = "config/partita.toml";
const std::string manual = "docs/configuration.md";

/// One option as the shipped file shows it.
struct shown {
  std::string value;
  /// The comment lines right above, joined.
  std::string comment;
  bool in_use = false;
};

bool is_key(std::string_view text) {
  return !text.empty()
         && text.find_first_not_of("abcdefghijklmnopqrstuvwxyz_")
                == std::string_view::npos;
}

/// Reads the file as people do: `key = value`, or `#key = value` where it is not used.
std::map<std::string, shown> read_shipped() {
  std::map<std::string, shown> result;
  std::istringstream in{content_of(shipped)};
  std::string line;
  std::string section;
  std::string comment;
  while (std::getline(in, line)) {
    auto in_use = !line.starts_with('#');
    auto text = std::string_view{line}.substr(in_use ? 0 : 1);
    auto equals = text.find(" = ");
    if (line.starts_with('['))
      section = line.substr(1, line.find(']') - 1);
    else if (equals != std::string_view::npos && is_key(text.substr(0, equals)))
      result[section + "." + std::string{text.substr(0, equals)}] = {
          std::string{text.substr(equals + 3)}, comment, in_use};
    else if (line.starts_with("# "))
      comment += (comment.empty() ? "" : " ") + line.substr(2);
    if (!line.starts_with("# "))
      comment.clear();
  }
  return result;
}

/// What a user must fill in: the file shows an example.
bool is_example(const option& x) {
  return x.required || x.name() == "partitions.prefix" || x.name() == "partitions.count";
}

/// As the manual calls it.
std::string to_string(option_type x) {
  switch (x) {
  case option_type::text:
    return "string";
  case option_type::integer:
    return "integer";
  case option_type::real:
    return "float";
  case option_type::boolean:
    return "boolean";
  case option_type::duration:
    return "duration";
  case option_type::list:
    return "array";
  case option_type::command:
    return "command";
  }
  return "?";
}

/// The manual's row of an option, up to what the option means.
std::string row_of(const option& x) {
  auto text = default_text(x);
  if (text != "required" && text != "not used")
    text = "`" + text + "`";
  return "\n| `" + x.key + "` | " + to_string(x.type) + " | " + text + " | " + x.allowed
         + " | ";
}

/// What the manual says of it: the last column of its row; empty if it has none.
std::string meaning_of(const option& x) {
  static const auto text = content_of(manual);
  auto at = text.find("\n### [" + x.section + "]\n");
  CAF_REQUIRE_NOT_EQUAL(at, std::string::npos);
  auto row = text.find(row_of(x), at);
  if (row == std::string::npos || row > text.find("\n### [", at + 1))
    return {};
  auto begin = row + row_of(x).size();
  return text.substr(begin, text.find(" |\n", begin) - begin);
}

/// The indented blocks of the manual that begin like a configuration.
std::vector<std::string> examples() {
  std::vector<std::string> result;
  std::istringstream in{content_of(manual)};
  std::string line;
  bool inside = false;
  while (std::getline(in, line)) {
    if (line == "    [group]") {
      inside = true;
      result.emplace_back();
    } else if (!line.empty() && !line.starts_with("    "))
      inside = false;
    if (inside)
      result.back() += line + "\n";
  }
  return result;
}

} // namespace

CAF_TEST(the shipped file loads as it is) {
  load_options service;
  service.partitions_required = true;
  auto result = load_settings(shipped, service);
  for (const auto& line : lines_of(result))
    CAF_ERROR(line);
}

CAF_TEST(the shipped file shows every option and nothing else) {
  auto found = read_shipped();
  for (const auto& x : all_options())
    CAF_CHECK_EQUAL(found.count(x.name()), 1u);
  CAF_CHECK_EQUAL(found.size(), all_options().size());
}

CAF_TEST(the shipped file uses the defaults) {
  auto found = read_shipped();
  settings defaults;
  defaults.group.name = "demo";
  defaults.name_buckets();
  auto effective = loaded(content_of(shipped));
  for (const auto& x : all_options()) {
    const auto& line = found[x.name()];
    if (is_example(x)) {
      CAF_CHECK(line.in_use);
      continue;
    }
    CAF_CHECK_EQUAL(x.get(effective), x.get(defaults));
    CAF_CHECK_EQUAL(line.in_use, !x.get(settings{}).empty());
    if (line.in_use)
      CAF_CHECK_EQUAL(line.value, default_text(x));
    if (is_derived(x))
      CAF_CHECK_EQUAL(line.value, x.get(defaults));
  }
}

CAF_TEST(the shipped file says of every option what manual and code say) {
  auto found = read_shipped();
  for (const auto& x : all_options())
    CAF_CHECK_EQUAL(found[x.name()].comment, meaning_of(x) + " Must be " + x.allowed
                                                 + ". Default: " + default_text(x) + ".");
}

CAF_TEST(what stands commented out in the shipped file is right as well) {
  auto found = read_shipped();
  for (const auto& x : all_options()) {
    auto parsed = parse_toml_value(found[x.name()].value);
    CAF_REQUIRE(parsed);
    settings into;
    for (const auto& complaint : x.set(into, *parsed))
      if (!contains(x.allowed, "path of a file"))
        CAF_ERROR(x.name() << ": " << complaint.expected);
  }
}

CAF_TEST(the manual says of every option what the code says) {
  auto text = content_of(manual);
  std::size_t at = 0;
  for (const auto& x : all_options()) {
    if (meaning_of(x).empty())
      CAF_ERROR("the manual lacks this row in [" << x.section << "]: " << row_of(x));
    auto section = text.find("\n### [" + x.section + "]\n");
    CAF_CHECK(section >= at);
    at = section;
  }
  for (const auto& x : partita::core::strategy_help())
    check_contains(meaning_of(*find_option("strategy", "name")), x);
  CAF_MESSAGE("and has no row for an option that does not exist");
  std::size_t rows = 0;
  for (at = text.find("\n| `"); at != std::string::npos; at = text.find("\n| `", at + 1))
    ++rows;
  CAF_CHECK_EQUAL(rows, all_options().size() + all_relations().size());
}

CAF_TEST(the manual lists the times of every profile) {
  auto text = content_of(manual);
  for (const auto& named_one : profile_names())
    for (const auto& time : times_of(named_one)) {
      const auto* option = find_option(time.section, time.key);
      CAF_REQUIRE(option);
      auto row = "\n| " + option->name() + " |";
      for (const auto& profile : profile_names()) {
        auto value = option->get(loaded(named + "timing.profile = '" + profile + "'"));
        row += " " + value.substr(1, value.size() - 2) + " |";
      }
      check_contains(text, row + "\n");
    }
}

CAF_TEST(the manual lists every relation) {
  auto text = content_of(manual);
  for (const auto& x : all_relations())
    check_contains(text, "\n| `" + x.rule + "` | ");
}

CAF_TEST(the examples of the manual load where their files are) {
  auto found = examples();
  CAF_CHECK_EQUAL(found.size(), 3u);
  for (const auto& example : found)
    for (const auto& line : problems_in(example))
      check_contains(line, "must be the path of a file that can be read");
}

CAF_TEST(the errors in the manual are those that users see) {
  auto text = content_of(manual);
  load_options options;
  options.environment = {{"PARTITA_NATS_TOKEN", "x\n"}};
  options.overrides = {"strategy.name=stiky"};
  auto result = load_settings_text(named + std::string(10, '\n')
                                       + "heartbeat.ttl = '2s'\n\n\n"
                                         "heartbeat.intervall = '1s'\n\n\n\n\n"
                                         "timeouts.request = 500",
                                   "partita.toml", options);
  CAF_CHECK_EQUAL(lines_of(result).size(), 5u);
  for (const auto& line : lines_of(result))
    check_contains(text, "\n    " + line + "\n");
}
