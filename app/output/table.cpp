// SPDX-License-Identifier: Apache-2.0
#include "partita/app/output/table.hpp"

#include "partita/config/text.hpp"

#include <algorithm>
#include <cassert>

namespace partita::app {

void table::add(std::vector<std::string> row, tone how) {
  assert(row.size() == rows_.front().size());
  for (auto& x : row)
    x = config::printable(x);
  rows_.push_back(std::move(row));
  tones_.push_back(how);
}

std::string table::text(bool colours) const {
  auto rows = rows_;
  auto& titles = rows.front();
  std::vector<bool> right;
  for (auto& x : titles) {
    right.push_back(x.starts_with('>'));
    x.erase(0, right.back() ? 1 : 0);
  }
  std::vector<std::size_t> widths(titles.size());
  for (const auto& row : rows)
    for (std::size_t i = 0; i < row.size(); ++i)
      widths[i] = std::max(widths[i], row[i].size());
  std::string result;
  for (std::size_t n = 0; n < rows.size(); ++n) {
    const auto& row = rows[n];
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      std::string blanks(widths[i] - row[i].size(), ' ');
      line += i == 0 ? "" : "  ";
      line += right[i] ? blanks + row[i] : row[i] + blanks;
    }
    line.erase(line.find_last_not_of(' ') + 1);
    result += toned(line + '\n', tones_[n], colours);
  }
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
