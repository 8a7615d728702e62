// SPDX-License-Identifier: Apache-2.0
#include "partita/app/cli/screen.hpp"

#include "partita/app/output/terminal.hpp"

#include <algorithm>
#include <iostream>
#include <string_view>

#include <sys/ioctl.h>
#include <unistd.h>

namespace partita::app {

namespace {

// The sequences that all terminals of today support.
constexpr std::string_view enter = "\x1b[?1049h\x1b[?25l";
constexpr std::string_view leave = "\x1b[?25h\x1b[?1049l";
constexpr std::string_view home = "\x1b[H";
constexpr std::string_view plain = "\x1b[m";
constexpr std::string_view clear_line = "\x1b[K";
constexpr std::string_view clear_rest = "\x1b[J";

screen_size size_of_terminal() {
  screen_size result;
  winsize found{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &found) == 0 && found.ws_row > 0
      && found.ws_col > 0)
    result = {found.ws_row, found.ws_col};
  return result;
}

/// The first `columns` characters; bytes that continue a UTF-8 character are no column, and
/// neither are colours.
std::string_view cut(std::string_view line, std::size_t columns) {
  std::size_t seen = 0;
  for (std::size_t i = 0; i < line.size(); ++i)
    if (line[i] == '\x1b')
      i = std::min(line.find('m', i), line.size());
    else if ((static_cast<unsigned char>(line[i]) & 0xC0) != 0x80 && ++seen > columns)
      return line.substr(0, i);
  return line;
}

} // namespace

std::string picture(const std::string& text, screen_size size) {
  std::size_t lines = 0;
  for (auto c : text)
    lines += c == '\n' ? 1 : 0;
  auto whole = lines <= size.rows;
  auto shown = whole ? lines : size.rows - 1;
  std::string result{home};
  std::string_view rest{text};
  auto add = [&](std::string_view line) {
    result += cut(line, size.columns);
    // What ends a colour may be cut off.
    (result += line.starts_with('\x1b') ? plain : "") += clear_line;
  };
  for (std::size_t i = 0; i < shown; ++i) {
    auto end = rest.find('\n');
    // A newline behind the last row would scroll.
    result += i == 0 ? "" : "\r\n";
    add(rest.substr(0, end));
    rest.remove_prefix(end + 1);
  }
  if (!whole) {
    result += shown == 0 ? "" : "\r\n";
    add("... and " + std::to_string(lines - shown) + " more lines");
  }
  return result += clear_rest;
}

screen::screen() : terminal_(app::is_terminal(STDOUT_FILENO)) {
  if (terminal_)
    std::cout << enter << std::flush;
}

screen::~screen() {
  if (terminal_)
    std::cout << leave << std::flush;
}

bool screen::show(const std::string& text) {
  if (terminal_)
    std::cout << picture(text, size_of_terminal()) << std::flush;
  else
    std::cout << (first_ ? "" : "\n") << text << std::flush;
  first_ = false;
  return static_cast<bool>(std::cout);
}

} // namespace partita::app
