// SPDX-License-Identifier: Apache-2.0
#include "partita/config/partitions_file.hpp"

#include "partita/config/gather.hpp"
#include "partita/config/limits.hpp"
#include "partita/config/text.hpp"
#include "partita/config/toml_text.hpp"

#include <algorithm>
#include <array>
#include <iterator>
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

/// Reads a text that is one list with whole partitions on each line, as `partita partitions
/// list --toml` writes it, a piece at a time: the parser's tree takes twenty times as much
/// memory as the text. Empty: the text is something else, or something is wrong with it.
std::vector<partition> list_in_pieces(std::string_view text) {
  constexpr std::string_view begin = "list = [\n";
  constexpr std::size_t piece_size = 256u << 10;
  std::vector<partition> result;
  // A comment may look like the end of a partition.
  if (!text.starts_with(begin) || text.find('#') != std::string_view::npos)
    return {};
  text.remove_prefix(begin.size());
  while (!text.empty()) {
    auto end = text.find(",\n", std::min(piece_size, text.size()));
    auto last = end == std::string_view::npos;
    std::string piece{begin};
    piece += text.substr(0, last ? end : end + 2);
    text.remove_prefix(last ? text.size() : end + 2);
    auto document = parse_toml(last ? piece : piece + ']', {}, {});
    if (document.error || document.root.size() != 1)
      return {};
    gathering all;
    all.take_file({{"partitions", value{std::move(document.root)}}}, {});
    auto some = all.result().partitions.all();
    if (!std::move(all).problems().empty())
      return {};
    std::move(some.begin(), some.end(), std::back_inserter(result));
  }
  if (result.size() > static_cast<std::size_t>(max_partitions)
      || !why_unusable(result).empty())
    return {};
  return result;
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
  if (auto list = list_in_pieces(text); !list.empty())
    return list;
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
