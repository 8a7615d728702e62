// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/app/output/terminal.hpp"

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
  void add(std::vector<std::string> row, tone x = tone::plain);

  /// Titles and rows, each line ended; no blanks at the end of a line.
  std::string text(bool colours = false) const;

private:
  /// The first one has the titles.
  std::vector<std::vector<std::string>> rows_;
  std::vector<tone> tones_{tone::plain};
};

/// The first `limit` names, and how many more there are.
std::string some_of(const std::vector<std::string>& names, std::size_t limit);

} // namespace partita::app
