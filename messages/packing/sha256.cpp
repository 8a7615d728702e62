// SPDX-License-Identifier: Apache-2.0
#include "partita/messages/packing/sha256.hpp"

#include <openssl/sha.h>

#include <array>

namespace partita::packing {

std::string sha256_of(std::string_view x) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> bytes;
  SHA256(reinterpret_cast<const unsigned char*>(x.data()), x.size(), bytes.data());
  constexpr std::string_view digits = "0123456789abcdef";
  std::string result;
  for (auto byte : bytes)
    (result += digits[byte >> 4]) += digits[byte & 15];
  return result;
}

} // namespace partita::packing
