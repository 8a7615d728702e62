// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/messages/logging/log_context.hpp"

#include <chrono>
#include <string>
#include <string_view>

namespace partita::app {

/// One log line for programs: a JSON object without the newline, ASCII only. `time` is RFC 3339 in
/// UTC with microseconds; `component` is `process` where `about` is null; `worker` is there only
/// for a line about one that has an id, and not again in `message`.
std::string json_log_line(std::chrono::system_clock::time_point at,
                          std::string_view level, std::string_view group,
                          std::string_view message, const log_context* about);

} // namespace partita::app
