// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

/// Small functions on text that several options use.
namespace partita::config {

/// Bytes that would break a line or a terminal become `\xNN`; invalid UTF-8 does as well. For
/// all text of the store, of other workers and of the configuration that people read.
std::string printable(std::string_view text);

/// Whether `text` is valid UTF-8; everything that goes into JSON must be.
bool is_utf8(std::string_view text);

/// A string as TOML writes it, in double quotes.
std::string in_quotes(std::string_view text);

/// `text` without the spaces around it.
std::string_view trimmed(std::string_view text);

/// `text` with the letters A to Z in lower case.
std::string lowered(std::string_view text);

/// The number that is all of `text`.
template <class T>
std::optional<T> number_in(std::string_view text) {
  T result{};
  auto end = text.data() + text.size();
  auto [at, failed] = std::from_chars(text.data(), end, result);
  return failed == std::errc{} && at == end ? std::optional{result} : std::nullopt;
}

/// `a, b, c`: what `text_of` gives for each of `all`.
template <class Range, class F>
std::string joined(const Range& all, F text_of) {
  std::string result;
  for (const auto& x : all)
    result += (result.empty() ? "" : ", ") + text_of(x);
  return result;
}

/// `a, b or c`.
std::string one_of(const std::vector<std::string>& words);

/// The word nearest to `text` by edit distance, upper and lower case being the same;
/// empty if none is near enough to be meant.
std::string nearest(std::string_view text, const std::vector<std::string>& words);

/// Either the whole file, or why not.
struct file_content {
  std::string text;
  /// As "cannot be read: No such file or directory"; empty: `text` is all of it.
  std::string why_not;
};

/// Reads a file of at most max_file_bytes.
file_content read_file(const std::string& path);

} // namespace partita::config
