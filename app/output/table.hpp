// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace partita::app {

/// Rows of text in columns that are as wide as their widest cell.
class table {
public:
  /// Titles of the columns; one that begins with '>' is without it, and its column aligned to
  /// the right.
  explicit table(std::vector<std::string> titles) : rows_{std::move(titles)} {}

  /// One cell for each column.
  void add(std::vector<std::string> row);

  /// Titles and rows, each line ended; no blanks at the end of a line.
  std::string text() const;

private:
  /// The first one has the titles.
  std::vector<std::vector<std::string>> rows_;
};

/// The first `limit` names, and how many more there are.
std::string some_of(const std::vector<std::string>& names, std::size_t limit);

} // namespace partita::app
