// SPDX-License-Identifier: Apache-2.0
#include "partita/config/text.hpp"

#include <algorithm>
#include <cstdint>
#include <numeric>

namespace partita::config {

namespace {

unsigned char byte_of(char c) {
  return static_cast<unsigned char>(c);
}

bool continues(std::string_view text, std::size_t at) {
  return at < text.size() && (byte_of(text[at]) & 0xC0u) == 0x80u;
}

/// Length of the valid character at `at`; 0 if there is none: overlong forms, surrogates
/// and what lies beyond U+10FFFF are refused.
std::size_t utf8_length(std::string_view text, std::size_t at) {
  auto first = byte_of(text[at]);
  auto second = at + 1 < text.size() ? byte_of(text[at + 1]) : 0u;
  if (first < 0x80)
    return 1;
  if (first >= 0xC2 && first <= 0xDF)
    return continues(text, at + 1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    auto low = first == 0xE0 ? 0xA0u : 0x80u;
    auto high = first == 0xED ? 0x9Fu : 0xBFu;
    return second >= low && second <= high && continues(text, at + 2) ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    auto low = first == 0xF0 ? 0x90u : 0x80u;
    auto high = first == 0xF4 ? 0x8Fu : 0xBFu;
    return second >= low && second <= high && continues(text, at + 2)
                   && continues(text, at + 3)
               ? 4
               : 0;
  }
  return 0;
}

std::string escaped(char c) {
  static constexpr char digits[] = "0123456789ABCDEF";
  return {'\\', 'x', digits[byte_of(c) >> 4], digits[byte_of(c) & 15]};
}

bool is_control(char c) {
  return byte_of(c) < 0x20 || byte_of(c) == 0x7F;
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    auto diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      auto replaced = diagonal + (lower(a[i]) == lower(b[j]) ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, diagonal + 1});
    }
  }
  return row.back();
}

} // namespace

std::string printable(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size();) {
    auto length = is_control(text[i]) ? 0 : utf8_length(text, i);
    // U+0080 to U+009F; terminals obey them like ESC.
    if (length == 2 && byte_of(text[i]) == 0xC2 && byte_of(text[i + 1]) < 0xA0)
      length = 0;
    if (length == 0)
      result += escaped(text[i++]);
    else
      result += text.substr(i, length);
    i += length;
  }
  return result;
}

bool is_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    auto length = utf8_length(text, i);
    if (length == 0)
      return false;
    i += length;
  }
  return true;
}

std::string in_quotes(std::string_view text) {
  static constexpr char digits[] = "0123456789ABCDEF";
  std::string result = "\"";
  for (auto c : text) {
    if (c == '"' || c == '\\')
      (result += '\\') += c;
    else if (is_control(c))
      (result += "\\u00") += {digits[byte_of(c) >> 4], digits[byte_of(c) & 15]};
    else
      result += c;
  }
  return result + '"';
}

std::string_view trimmed(std::string_view text) {
  auto begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos)
    return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

std::string one_of(const std::vector<std::string>& words) {
  std::string result;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0)
      result += i + 1 == words.size() ? " or " : ", ";
    result += words[i];
  }
  return result;
}

std::string nearest(std::string_view text, const std::vector<std::string>& words) {
  // Far longer than any option: no hint is worth the time.
  if (text.size() > 64)
    return {};
  std::string result;
  auto best = std::max<std::size_t>(2, text.size() / 3) + 1;
  for (const auto& word : words) {
    auto distance = edit_distance(text, word);
    // Three of four letters changed is another word.
    if (distance < best && distance * 2 < std::max(word.size(), text.size()) + 1) {
      best = distance;
      result = word;
    }
  }
  return result;
}

} // namespace partita::config
