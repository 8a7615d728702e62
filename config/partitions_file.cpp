// SPDX-License-Identifier: Apache-2.0
#include "partita/config/partitions_file.hpp"

#include "partita/config/gather.hpp"
#include "partita/config/read_file.hpp"
#include "partita/config/toml_text.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace partita::config {

namespace {

constexpr std::string_view section = "partitions.";
constexpr const char* forms = "a file of partitions has list, or prefix and count";

problem about(const std::string& file, int line, std::string key, std::string what,
              std::string remedy) {
  return {{origin::kind::file, file, line, 0},
          std::move(key),
          {},
          std::move(what),
          std::move(remedy)};
}

/// Keeps what a file of partitions may hold, and complains about the rest.
value_table known_entries(value_table&& root, const std::string& file, gathering& all) {
  constexpr std::array known = {"list", "prefix", "count"};
  std::erase_if(root, [&](const table_entry& x) {
    if (std::find(known.begin(), known.end(), x.key) != known.end())
      return false;
    all.add(about(file, x.content.line, x.key, "unknown key", forms));
    return true;
  });
  return std::move(root);
}

} // namespace

partitions_result load_partitions(const std::string& path) {
  auto content = read_file(path);
  if (content.why_not.empty())
    return load_partitions_text(content.text, path);
  return std::vector{
      about(path, 0, {}, content.why_not, "name a file of partitions that can be read")};
}

partitions_result load_partitions_text(std::string_view text, const std::string& name) {
  auto document = parse_toml(text, name, {});
  if (document.error)
    return std::vector{*document.error};
  gathering all;
  value entries{known_entries(std::move(document.root), name, all)};
  all.take_file({{"partitions", std::move(entries)}}, name);
  all.relate(name);
  auto found = all.result().partitions.all();
  auto problems = std::move(all).problems();
  // In that file there is no such section.
  for (auto& x : problems)
    if (x.key.starts_with(section))
      x.key.erase(0, section.size());
  if (problems.empty() && found.empty())
    problems.push_back(about(name, 0, {}, "names no partition", forms));
  if (!problems.empty())
    return problems;
  return found;
}

} // namespace partita::config
