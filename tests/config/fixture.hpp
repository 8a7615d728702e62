// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/config/load.hpp"
#include "partita/config/options.hpp"
#include "partita/config/toml_text.hpp"

#include <caf/test/unit_test.hpp>

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

/// Verbs for tests of the configuration.
namespace partita::config {

/// What every configuration needs, on its first line.
inline const std::string named = "group.name = 'demo'\n";

/// The lines that a user would see; empty if all is right.
inline std::vector<std::string> lines_of(const load_result& x) {
  std::vector<std::string> result;
  if (auto* problems = std::get_if<std::vector<problem>>(&x))
    for (const auto& found : *problems)
      result.push_back(to_string(found));
  return result;
}

inline std::vector<std::string> problems_in(const std::string& text,
                                            const load_options& options = {}) {
  return lines_of(load_settings_text(text, "f.toml", options));
}

/// The only problem in `text`; checks that there is no other.
inline std::string problem_in(const std::string& text, const load_options& options = {}) {
  auto lines = problems_in(text, options);
  CAF_CHECK_EQUAL(lines.size(), 1u);
  for (std::size_t i = 1; i < lines.size(); ++i)
    CAF_MESSAGE("another one: " << lines[i]);
  return lines.empty() ? std::string{} : lines.front();
}

inline settings loaded(const std::string& text, const load_options& options = {}) {
  auto result = load_settings_text(text, "f.toml", options);
  for (const auto& line : lines_of(result))
    CAF_ERROR("unexpected: " << line);
  auto* good = std::get_if<settings>(&result);
  return good ? *good : settings{};
}

inline bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

inline void check_contains(const std::string& text, const std::string& part) {
  if (!contains(text, part))
    CAF_MESSAGE("'" << part << "' is not in: " << text);
  CAF_CHECK(contains(text, part));
}

inline void check_lacks(const std::string& text, const std::string& part) {
  if (contains(text, part))
    CAF_MESSAGE("'" << part << "' is in: " << text);
  CAF_CHECK(!contains(text, part));
}

inline std::string content_of(const std::string& path) {
  std::ifstream in{path, std::ios::binary};
  std::ostringstream text;
  text << in.rdbuf();
  if (text.str().empty())
    CAF_ERROR("cannot read " << path << "; run the tests from the top of the tree");
  return text.str();
}

/// The default as TOML text, with `<group.name>` where it depends on that; or "required" or
/// "not used".
inline std::string default_text(const option& x) {
  settings defaults;
  defaults.group.name = "<group.name>";
  defaults.name_buckets();
  auto text = x.get(defaults);
  return x.required ? "required" : text.empty() ? "not used" : text;
}

/// Whether its default depends on the group's name.
inline bool is_derived(const option& x) {
  return contains(default_text(x), "<group.name>");
}

} // namespace partita::config
