// SPDX-License-Identifier: Apache-2.0
#include "partita/app/output/table.hpp"

#include "partita/config/text.hpp"

#include <algorithm>
#include <cassert>

namespace partita::app {

table::table(std::vector<column> columns) : columns_(std::move(columns)) {}

void table::add(std::vector<std::string> row) {
  assert(row.size() == columns_.size());
  for (auto& x : row)
    x = config::printable(x);
  rows_.push_back(std::move(row));
}

std::string table::text() const {
  std::vector<std::string> titles;
  for (const auto& x : columns_)
    titles.push_back(x.title);
  std::vector<std::size_t> widths(columns_.size());
  auto measure = [&](const std::vector<std::string>& row) {
    for (std::size_t i = 0; i < row.size(); ++i)
      widths[i] = std::max(widths[i], row[i].size());
  };
  measure(titles);
  for (const auto& row : rows_)
    measure(row);
  std::string result;
  auto print = [&](const std::vector<std::string>& row) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      std::string blanks(widths[i] - row[i].size(), ' ');
      line += i == 0 ? "" : "  ";
      line += columns_[i].align == side::left ? row[i] + blanks : blanks + row[i];
    }
    line.erase(line.find_last_not_of(' ') + 1);
    result += line + '\n';
  };
  print(titles);
  for (const auto& row : rows_)
    print(row);
  return result;
}

std::string some_of(const std::vector<std::string>& names, std::size_t limit) {
  std::string result;
  for (std::size_t i = 0; i < std::min(limit, names.size()); ++i)
    result += (i == 0 ? "" : " ") + names[i];
  if (names.size() > limit)
    result += " and " + std::to_string(names.size() - limit) + " more";
  return result;
}

} // namespace partita::app
