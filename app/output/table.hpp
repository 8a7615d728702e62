// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace partita::app {

/// Rows of text in columns that are as wide as their widest cell.
class table {
public:
  enum class side { left, right };

  struct column {
    std::string title;
    side align = side::left;
  };

  explicit table(std::vector<column> columns);

  /// One cell for each column.
  void add(std::vector<std::string> row);

  /// Titles and rows, each line ended; no blanks at the end of a line.
  std::string text() const;

private:
  std::vector<column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

/// The first `limit` names, and how many more there are.
std::string some_of(const std::vector<std::string>& names, std::size_t limit);

} // namespace partita::app
