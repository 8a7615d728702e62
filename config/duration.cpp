// SPDX-License-Identifier: Apache-2.0
#include "partita/config/duration.hpp"

#include "partita/config/text.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

namespace partita::config {

namespace {

struct unit {
  std::string_view name;
  std::int64_t ms;
};

// Coarse first: format_duration takes the first that divides.
constexpr std::array<unit, 4> units = {
    {{"h", 3'600'000}, {"m", 60'000}, {"s", 1000}, {"ms", 1}}};

constexpr std::int64_t longest_ms = 1000ll * 366 * 24 * 3'600'000;

std::int64_t unit_ms(std::string_view name) {
  for (const auto& x : units)
    if (x.name == name)
      return x.ms;
  return 0;
}

} // namespace

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
  constexpr auto digits = "0123456789";
  auto end = std::min(text.find_first_not_of(digits), text.size());
  auto whole = text.substr(0, end);
  std::string_view fraction;
  if (text.substr(end).starts_with('.')) {
    auto begin = end + 1;
    end = std::min(text.find_first_not_of(digits, begin), text.size());
    fraction = text.substr(begin, end - begin);
    if (fraction.empty())
      return std::nullopt;
  }
  auto ms = unit_ms(text.substr(end));
  if (whole.empty() || whole.size() > 15 || fraction.size() > 9 || ms == 0)
    return std::nullopt;
  auto count = number_in<std::int64_t>(whole).value_or(0);
  if (count > longest_ms / ms)
    return std::nullopt;
  std::int64_t part_ms = number_in<std::int64_t>(fraction).value_or(0) * ms;
  std::int64_t scale = 1;
  for (std::size_t i = 0; i < fraction.size(); ++i)
    scale *= 10;
  if (part_ms % scale != 0)
    return std::nullopt;
  return std::chrono::milliseconds{count * ms + part_ms / scale};
}

std::string format_duration(std::chrono::milliseconds x) {
  if (x.count() == 0)
    return "0s";
  for (const auto& unit : units)
    if (x.count() % unit.ms == 0)
      return std::to_string(x.count() / unit.ms) + std::string{unit.name};
  return {};
}

} // namespace partita::config
