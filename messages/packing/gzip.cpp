// SPDX-License-Identifier: Apache-2.0
#include "partita/messages/packing/gzip.hpp"

#include <openssl/sha.h>

#include <array>
#include <new>

// `next_in` points to const then.
#define ZLIB_CONST
#include <zlib.h>

namespace partita::gzip {

namespace {

/// zlib's word for gzip with the longest window.
constexpr int format = 15 + 16;
/// Its header has 10 bytes; behind the data a checksum and the length of the text follow, 4
/// bytes each, the lowest first.
constexpr std::size_t header = 10;
constexpr std::size_t trailer = 8;

z_stream stream_of(std::string_view from, std::string& to) {
  z_stream result{};
  result.next_in = reinterpret_cast<const Bytef*>(from.data());
  result.avail_in = static_cast<uInt>(from.size());
  result.next_out = reinterpret_cast<Bytef*>(to.data());
  result.avail_out = static_cast<uInt>(to.size());
  return result;
}

std::size_t stated_length(std::string_view value) {
  std::size_t result = 0;
  for (std::size_t i = 1; i <= 4; ++i)
    result = result << 8 | static_cast<unsigned char>(value[value.size() - i]);
  return result;
}

std::string broken(std::string_view value, const char* why) {
  return "expected a value in gzip's format, found " + std::to_string(value.size())
         + " bytes that " + why;
}

} // namespace

bool is_deflated(std::string_view value) {
  return value.starts_with("\x1f\x8b");
}

std::string deflated(std::string_view text) {
  std::string result;
  auto z = stream_of(text, result);
  if (deflateInit2(&z, Z_BEST_SPEED, Z_DEFLATED, format, MAX_MEM_LEVEL,
                   Z_DEFAULT_STRATEGY)
      != Z_OK)
    throw std::bad_alloc{};
  result.resize(deflateBound(&z, text.size()));
  z.next_out = reinterpret_cast<Bytef*>(result.data());
  z.avail_out = static_cast<uInt>(result.size());
  // The bound leaves room for all of it.
  deflate(&z, Z_FINISH);
  result.resize(z.total_out);
  deflateEnd(&z);
  return result;
}

std::string inflate(std::string_view value, std::string& to, std::size_t most) {
  if (value.size() < header + trailer || value.size() > most)
    return broken(value, "are too few or too many");
  auto length = stated_length(value);
  if (length > most)
    return "inflates to " + std::to_string(length) + " bytes, expected "
           + std::to_string(most) + " at most";
  to.assign(length, '\0');
  auto z = stream_of(value, to);
  if (inflateInit2(&z, format) != Z_OK)
    throw std::bad_alloc{};
  auto whole =
      ::inflate(&z, Z_FINISH) == Z_STREAM_END && z.avail_in == 0 && z.total_out == length;
  inflateEnd(&z);
  return whole ? "" : broken(value, "are damaged");
}

std::string sha256_of(std::string_view x) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> bytes;
  SHA256(reinterpret_cast<const unsigned char*>(x.data()), x.size(), bytes.data());
  constexpr std::string_view digits = "0123456789abcdef";
  std::string result;
  for (auto byte : bytes)
    (result += digits[byte >> 4]) += digits[byte & 15];
  return result;
}

} // namespace partita::gzip
