// SPDX-License-Identifier: Apache-2.0
#include "partita/app/output/names.hpp"

#include "partita/config/text.hpp"

#include <ctime>

namespace partita::app {

std::string name_hint(const std::string& typed, const std::vector<std::string>& names) {
  // More would hide what is said.
  constexpr std::size_t few = 8;
  if (auto near = config::nearest(typed, names); !near.empty())
    return "; did you mean " + near + '?';
  if (names.empty())
    return "; there is none";
  if (names.size() <= few)
    return "; found " + config::one_of(names);
  return "; found " + names.front() + " to " + names.back();
}

std::string text_line(const std::string& text) {
  return config::printable(text) + '\n';
}

std::string readable_seconds(std::int64_t ms) {
  return std::to_string(ms / 1000) + '.' + std::to_string(ms % 1000 / 100) + " s";
}

std::string readable_span(std::int64_t ms) {
  auto seconds = (ms + 999) / 1000;
  auto two = [](std::int64_t a, const char* unit, std::int64_t b, const char* smaller) {
    auto result = std::to_string(a) + unit;
    return b == 0 ? result : result + ' ' + std::to_string(b) + smaller;
  };
  if (seconds >= 86'400)
    return two(seconds / 86'400, " d", seconds % 86'400 / 3600, " h");
  if (seconds >= 3600)
    return two(seconds / 3600, " h", seconds % 3600 / 60, " min");
  if (seconds >= 60)
    return two(seconds / 60, " min", seconds % 60, " s");
  return std::to_string(seconds) + " s";
}

std::string readable_time(std::int64_t at) {
  auto seconds = static_cast<std::time_t>(at);
  std::tm parts{};
  char text[64];
  if (!gmtime_r(&seconds, &parts)
      || std::strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S UTC", &parts) == 0)
    return std::to_string(at);
  return text;
}

} // namespace partita::app
