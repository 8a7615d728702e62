// SPDX-License-Identifier: Apache-2.0
#include "partita/config/value.hpp"

#include "partita/config/text.hpp"

#include <array>
#include <charconv>
#include <cmath>

namespace partita::config {

namespace {

constexpr std::size_t longest_shown = 60;

std::string shortened(const std::string& x) {
  if (x.size() <= longest_shown)
    return in_quotes(x);
  auto cut = longest_shown;
  // Not in the middle of a character.
  while (cut > 0 && (static_cast<unsigned char>(x[cut]) & 0xC0u) == 0x80u)
    --cut;
  return in_quotes(x.substr(0, cut)) + "... (" + std::to_string(x.size()) + " bytes)";
}

struct describer {
  std::string operator()(const std::string& x) const { return shortened(x); }
  std::string operator()(std::int64_t x) const { return std::to_string(x); }
  std::string operator()(double x) const { return format_real(x); }
  std::string operator()(bool x) const { return x ? "true" : "false"; }
  std::string operator()(const moment&) const { return "a date or time"; }
  std::string operator()(const value_list& x) const {
    return x.empty() ? "an empty array" : "an array";
  }
  std::string operator()(const value_table&) const { return "a table"; }
};

} // namespace

std::string describe(const value& x) {
  return std::visit(describer{}, x.data);
}

std::string format_real(double x) {
  if (std::isnan(x))
    return "nan";
  if (std::isinf(x))
    return x > 0 ? "inf" : "-inf";
  std::array<char, 64> buffer;
  auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), x).ptr;
  std::string result{buffer.data(), end};
  if (result.find_first_of(".e") == std::string::npos)
    result += ".0";
  return result;
}

} // namespace partita::config
