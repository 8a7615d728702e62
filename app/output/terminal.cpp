// SPDX-License-Identifier: Apache-2.0
#include "partita/app/output/terminal.hpp"

#include <algorithm>
#include <cstdlib>
#include <string_view>

#include <unistd.h>

namespace partita::app {

bool is_terminal(int fd) {
  const auto* kind = std::getenv("TERM");
  return ::isatty(fd) != 0 && (!kind || std::string_view{kind} != "dumb");
}

bool shows_colours(int fd) {
  const auto* unwanted = std::getenv("NO_COLOR");
  return is_terminal(fd) && (!unwanted || *unwanted == 0);
}

std::string toned(std::string lines, tone x, bool colours) {
  if (!colours || x == tone::plain || lines.empty())
    return lines;
  const char* colour = x == tone::wrong ? "\x1b[31m" : "\x1b[33m";
  std::string result;
  for (std::size_t at = 0; at < lines.size();) {
    auto end = std::min(lines.find('\n', at), lines.size());
    result += colour + lines.substr(at, end - at) + "\x1b[m\n";
    at = end + 1;
  }
  return result;
}

} // namespace partita::app
