// SPDX-License-Identifier: Apache-2.0
#include "partita/store/nats/client/encoding.hpp"

#include <openssl/evp.h>

#include <charconv>
#include <chrono>

namespace partita::nats {

namespace {

/// Takes exactly `digits` decimal digits off the front.
bool take_number(std::string_view& text, std::size_t digits, int& result) {
  if (text.size() < digits)
    return false;
  auto last = text.data() + digits;
  auto [end, error] = std::from_chars(text.data(), last, result);
  text.remove_prefix(digits);
  return error == std::errc{} && end == last && result >= 0;
}

bool take_char(std::string_view& text, std::string_view allowed) {
  if (text.empty() || allowed.find(text.front()) == std::string_view::npos)
    return false;
  text.remove_prefix(1);
  return true;
}

bool take_fraction(std::string_view& text, std::int64_t& ns) {
  ns = 0;
  if (!take_char(text, "."))
    return true;
  std::int64_t unit = 100'000'000;
  auto before = text.size();
  for (; !text.empty() && text.front() >= '0' && text.front() <= '9'; unit /= 10) {
    ns += (text.front() - '0') * unit;
    text.remove_prefix(1);
  }
  return text.size() < before;
}

bool take_zone(std::string_view& text, std::chrono::minutes& offset) {
  if (take_char(text, "Zz"))
    return true;
  if (text.empty())
    return false;
  auto sign = text.front() == '-' ? -1 : 1;
  int hours = 0, minutes = 0;
  if (!take_char(text, "+-") || !take_number(text, 2, hours) || !take_char(text, ":")
      || !take_number(text, 2, minutes))
    return false;
  offset = sign * (std::chrono::hours{hours} + std::chrono::minutes{minutes});
  return true;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t'))
    text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t'))
    text.remove_suffix(1);
  return text;
}

} // namespace

std::optional<std::string> from_base64(std::string_view text) {
  auto digits = text.find_last_not_of('=') + 1;
  std::string block{text.substr(0, digits)};
  // OpenSSL reads '=' as a digit, and whole blocks only.
  if (digits % 4 == 1 || block.find('=') != std::string::npos)
    return std::nullopt;
  block.resize((digits + 3) / 4 * 4, '=');
  std::string result(block.size() / 4 * 3, '\0');
  void* to = result.data();
  const void* from = block.data();
  if (EVP_DecodeBlock(static_cast<unsigned char*>(to),
                      static_cast<const unsigned char*>(from),
                      static_cast<int>(block.size()))
      < 0)
    return std::nullopt;
  result.resize(digits * 3 / 4);
  return result;
}

std::optional<std::int64_t> from_rfc3339(std::string_view text) {
  using namespace std::chrono;
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
  std::int64_t ns = 0;
  minutes offset{0};
  if (!take_number(text, 4, year) || !take_char(text, "-") || !take_number(text, 2, month)
      || !take_char(text, "-") || !take_number(text, 2, day) || !take_char(text, "Tt ")
      || !take_number(text, 2, hour) || !take_char(text, ":")
      || !take_number(text, 2, minute) || !take_char(text, ":")
      || !take_number(text, 2, second) || !take_fraction(text, ns)
      || !take_zone(text, offset) || !text.empty())
    return std::nullopt;
  year_month_day date{std::chrono::year{year},
                      std::chrono::month{static_cast<unsigned>(month)},
                      std::chrono::day{static_cast<unsigned>(day)}};
  if (!date.ok())
    return std::nullopt;
  seconds at = (sys_days{date} + hours{hour} + minutes{minute} + seconds{second} - offset)
                   .time_since_epoch();
  if (at < 0s)
    return 0;
  if (at >= duration_cast<seconds>(nanoseconds::max()))
    return std::nullopt;
  return nanoseconds{at}.count() + ns;
}

header_list parse_headers(std::string_view block) {
  header_list result;
  for (auto first = true; !block.empty(); first = false) {
    auto end = block.find("\r\n");
    auto line = block.substr(0, end);
    block.remove_prefix(end == std::string_view::npos ? block.size() : end + 2);
    auto colon = line.find(':');
    if (first || colon == std::string_view::npos)
      continue;
    result.emplace_back(trimmed(line.substr(0, colon)), trimmed(line.substr(colon + 1)));
  }
  return result;
}

} // namespace partita::nats
