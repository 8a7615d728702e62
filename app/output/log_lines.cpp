// SPDX-License-Identifier: Apache-2.0
#include "partita/app/output/log_lines.hpp"

#include "partita/app/output/json_text.hpp"

#include <spdlog/fmt/chrono.h>

#include <ctime>

namespace partita::app {

namespace {

std::string rfc3339(std::chrono::system_clock::time_point at) {
  using namespace std::chrono;
  auto us = floor<microseconds>(at.time_since_epoch()).count();
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:06}Z",
                     fmt::gmtime(static_cast<std::time_t>(us / 1'000'000)),
                     us % 1'000'000);
}

} // namespace

std::string json_log_line(std::chrono::system_clock::time_point at,
                          std::string_view level, std::string_view group,
                          std::string_view message, const log_context* about) {
  nlohmann::ordered_json result = {{"time", rfc3339(at)},
                                   {"level", level},
                                   {"component", about ? about->component : "process"},
                                   {"group", group}};
  if (about && !about->worker.empty()) {
    result["worker"] = about->worker;
    auto shown = std::string{about->worker} + ": ";
    if (message.starts_with(shown))
      message.remove_prefix(shown.size());
  }
  result["message"] = message;
  if (about)
    for (const auto& x : about->fields)
      std::visit([&](const auto& y) { result[x.name] = y; }, x.value);
  // ASCII: other control characters than those of ASCII are escaped, too.
  return result.dump(-1, ' ', true, nlohmann::ordered_json::error_handler_t::replace);
}

} // namespace partita::app
