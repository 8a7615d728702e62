// SPDX-License-Identifier: Apache-2.0
#include "partita/config/text.hpp"

#include "partita/config/limits.hpp"

#include <utf8.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <memory>
#include <numeric>
#include <system_error>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

namespace partita::config {

namespace {

/// A FIFO that gives nothing for so long has no writer.
constexpr std::chrono::milliseconds max_file_wait{5000};

unsigned char byte_of(char c) {
  return static_cast<unsigned char>(c);
}

std::string hex_of(char c) {
  static constexpr char digits[] = "0123456789ABCDEF";
  return {digits[byte_of(c) >> 4], digits[byte_of(c) & 15]};
}

std::string escaped(char c) {
  return "\\x" + hex_of(c);
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
  for (auto at = text.begin(); at != text.end();) {
    auto valid = utf8::find_invalid(at, text.end());
    while (at != valid) {
      auto from = at;
      auto code = utf8::unchecked::next(at);
      // Terminals take U+0080 to U+009F for control characters, too.
      if (code < 0x20 || (code >= 0x7F && code < 0xA0))
        std::for_each(from, at, [&](char c) { result += escaped(c); });
      else
        result.append(from, at);
    }
    if (at != text.end())
      result += escaped(*at++);
  }
  return result;
}

bool is_utf8(std::string_view text) {
  return utf8::is_valid(text.begin(), text.end());
}

std::string in_quotes(std::string_view text) {
  std::string result = "\"";
  for (auto c : text) {
    if (c == '"' || c == '\\')
      (result += '\\') += c;
    else if (is_control(c))
      (result += "\\u00") += hex_of(c);
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

std::string lowered(std::string_view text) {
  std::string result{text};
  std::transform(result.begin(), result.end(), result.begin(), lower);
  return result;
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

file_content read_file(const std::string& path) {
  file_content result;
  // Opening a FIFO would wait for a writer.
  auto fd = ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) {
    result.why_not = "cannot be read: " + std::generic_category().message(errno);
    return result;
  }
  std::shared_ptr<void> closed_at_the_end{nullptr, [fd](void*) { ::close(fd); }};
  std::array<char, 65536> buffer;
  for (;;) {
    pollfd what{fd, POLLIN, 0};
    if (::poll(&what, 1, static_cast<int>(max_file_wait.count())) == 0) {
      result.why_not = "gives nothing for " + std::to_string(max_file_wait.count())
                       + " ms: a FIFO that nothing writes to?";
      return result;
    }
    auto count = ::read(fd, buffer.data(), buffer.size());
    if (count < 0 && (errno == EINTR || errno == EAGAIN))
      continue;
    if (count < 0)
      result.why_not = "cannot be read: " + std::generic_category().message(errno);
    if (count <= 0)
      return result;
    result.text.append(buffer.data(), static_cast<std::size_t>(count));
    if (result.text.size() > max_file_bytes) {
      result.why_not = "is larger than " + std::to_string(max_file_bytes >> 20) + " MB";
      return result;
    }
  }
}

} // namespace partita::config
