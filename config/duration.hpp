// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace partita::config {

/// Reads "250ms", "2s", "1.5s", "5m", "1h": a decimal number and its unit, nothing else.
/// Nothing if it is not that, is finer than a millisecond, or beyond 1000 years.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);

/// The shortest whole number with its unit: "90s", "1500ms", "5m". parse_duration reads
/// it.
std::string format_duration(std::chrono::milliseconds x);

} // namespace partita::config
