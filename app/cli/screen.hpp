// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>

/// A terminal on which one picture takes the place of the one before.
namespace partita::app {

struct screen_size {
  std::size_t rows = 24;
  std::size_t columns = 80;
};

/// What to write so that `text` (lines, each ended) stands alone on a terminal of that
/// size: from the upper left corner, each line cut to the width and cleared behind; of too
/// many lines the last one says how many there are besides.
std::string picture(const std::string& text, screen_size size);

/// Writes pictures to stdout: on the terminal's second screen, which goes with this object
/// so that all is as before; or, where stdout is no terminal, one after the other with an
/// empty line between.
class screen {
public:
  screen();
  screen(const screen&) = delete;
  screen& operator=(const screen&) = delete;
  ~screen();

  bool is_terminal() const { return terminal_; }

  /// False if stdout takes nothing any more.
  bool show(const std::string& text);

private:
  bool terminal_;
  bool first_ = true;
};

} // namespace partita::app
