// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
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

/// `a, b or c`.
std::string one_of(const std::vector<std::string>& words);

/// The word nearest to `text` by edit distance, upper and lower case being the same;
/// empty if none is near enough to be meant.
std::string nearest(std::string_view text, const std::vector<std::string>& words);

} // namespace partita::config
