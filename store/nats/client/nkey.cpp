// SPDX-License-Identifier: Apache-2.0
#include "partita/store/nats/client/nkey.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <cstdint>
#include <fstream>
#include <memory>
#include <optional>
#include <vector>

namespace partita::nats {

namespace {

using bytes = std::vector<std::uint8_t>;

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
constexpr std::size_t key_size = 32;
constexpr std::uint8_t seed_prefix = 18 << 3;

std::optional<bytes> from_base32(std::string_view text) {
  bytes result;
  std::uint32_t bits = 0;
  int count = 0;
  for (auto x : text) {
    auto digit = alphabet.find(x);
    if (digit == std::string_view::npos)
      return std::nullopt;
    bits = (bits << 5 | static_cast<std::uint32_t>(digit)) & 0xfffu;
    count += 5;
    if (count >= 8) {
      count -= 8;
      result.push_back(static_cast<std::uint8_t>(bits >> count));
    }
  }
  return result;
}

std::string to_base32(const bytes& x) {
  std::string result;
  std::uint32_t bits = 0;
  int count = 0;
  for (auto byte : x) {
    bits = (bits << 8 | byte) & 0xfffu;
    for (count += 8; count >= 5; count -= 5)
      result += alphabet[bits >> (count - 5) & 31u];
  }
  if (count > 0)
    result += alphabet[bits << (5 - count) & 31u];
  return result;
}

/// CRC-16/XMODEM, as nkeys use it.
std::uint16_t checksum(const bytes& x, std::size_t size) {
  std::uint32_t crc = 0;
  for (std::size_t i = 0; i < size; ++i) {
    crc ^= static_cast<std::uint32_t>(x[i]) << 8;
    for (int bit = 0; bit < 8; ++bit)
      crc = (crc & 0x8000u ? crc << 1 ^ 0x1021u : crc << 1) & 0xffffu;
  }
  return static_cast<std::uint16_t>(crc);
}

std::optional<bytes> ed25519_public(const std::uint8_t* seed) {
  std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key{
      EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, seed, key_size),
      &EVP_PKEY_free};
  bytes result(key_size);
  auto size = result.size();
  if (!key || EVP_PKEY_get_raw_public_key(key.get(), result.data(), &size) != 1)
    return std::nullopt;
  return result;
}

public_nkey failed(std::string why) {
  return {{}, std::move(why)};
}

} // namespace

public_nkey public_nkey_of(std::string_view seed) {
  auto raw = from_base32(seed);
  if (!raw || raw->size() != 2 + key_size + 2)
    return failed("expected an nkey seed of 58 characters of base32 (SU...)");
  auto& x = *raw;
  auto said = static_cast<std::uint16_t>(x[34] | x[35] << 8);
  if ((x[0] & 0xf8u) != seed_prefix || checksum(x, 2 + key_size) != said) {
    OPENSSL_cleanse(x.data(), x.size());
    return failed("not an nkey seed (SU...), or a damaged one: prefix or checksum "
                  "do not match");
  }
  bytes result{static_cast<std::uint8_t>((x[0] & 7u) << 5 | x[1] >> 3)};
  auto key = ed25519_public(x.data() + 2);
  OPENSSL_cleanse(x.data(), x.size());
  if (!key)
    return failed("OpenSSL has no Ed25519");
  result.insert(result.end(), key->begin(), key->end());
  auto crc = checksum(result, result.size());
  result.push_back(static_cast<std::uint8_t>(crc & 0xffu));
  result.push_back(static_cast<std::uint8_t>(crc >> 8));
  return {to_base32(result), {}};
}

public_nkey public_nkey_of_file(const std::string& path) {
  std::ifstream in{path};
  if (!in)
    return failed("cannot read the file " + path);
  for (std::string line; std::getline(in, line);) {
    while (!line.empty() && (line.back() == '\r' || line.back() == ' '))
      line.pop_back();
    if (line.size() == 58 && line.front() == 'S') {
      auto result = public_nkey_of(line);
      OPENSSL_cleanse(line.data(), line.size());
      return result;
    }
  }
  return failed("no line of " + path + " is an nkey seed (SU..., 58 characters)");
}

} // namespace partita::nats
