// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

/// INTERNAL to the codecs: values in gzip's format (RFC 1952), which every language reads
/// and `zcat` shows.
namespace partita::gzip {

/// The longest text that one value may inflate to: it bounds what a small value can make a
/// reader allocate. A million partitions with names of 14 bytes fit; a server takes values of
/// 1 MiB by default.
inline constexpr std::size_t most_inflated = std::size_t{16} << 20;

/// Whether `value` claims to be one. No JSON begins so.
bool is_deflated(std::string_view value);
/// `text` has less than 4 GiB.
std::string deflated(std::string_view text);
/// Writes the text of a value that is_deflated, of at most `most` bytes, to `to`. Returns why it
/// cannot; empty: it could.
std::string inflate(std::string_view value, std::string& to, std::size_t most);

/// The SHA-256 of `x` (FIPS 180-4), in 64 hexadecimal digits.
std::string sha256_of(std::string_view x);

} // namespace partita::gzip
