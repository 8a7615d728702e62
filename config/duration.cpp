// SPDX-License-Identifier: Apache-2.0
#include "partita/config/duration.hpp"

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

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// Cuts the leading digits off `text`.
std::string_view take_digits(std::string_view& text) {
  std::size_t n = 0;
  while (n < text.size() && is_digit(text[n]))
    ++n;
  auto digits = text.substr(0, n);
  text.remove_prefix(n);
  return digits;
}

std::int64_t unit_ms(std::string_view name) {
  for (const auto& x : units)
    if (x.name == name)
      return x.ms;
  return 0;
}

} // namespace

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
  auto whole = take_digits(text);
  std::string_view fraction;
  if (!text.empty() && text.front() == '.') {
    text.remove_prefix(1);
    fraction = take_digits(text);
    if (fraction.empty())
      return std::nullopt;
  }
  auto ms = unit_ms(text);
  if (whole.empty() || whole.size() > 15 || fraction.size() > 9 || ms == 0)
    return std::nullopt;
  std::int64_t count = 0;
  for (auto c : whole)
    count = count * 10 + (c - '0');
  if (count > longest_ms / ms)
    return std::nullopt;
  auto result = count * ms;
  std::int64_t part = 0;
  std::int64_t scale = 1;
  for (auto c : fraction) {
    part = part * 10 + (c - '0');
    scale *= 10;
  }
  if (part * ms % scale != 0)
    return std::nullopt;
  return std::chrono::milliseconds{result + part * ms / scale};
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
