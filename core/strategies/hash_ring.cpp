// SPDX-License-Identifier: Apache-2.0
#include "partita/core/strategies/hash_ring.hpp"

#include <xxhash.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <numeric>

namespace partita::core {

namespace {

// Seed 0 gives what XXH3 gives without a seed, so both need no case of their own.
std::uint64_t hash_of(std::string_view text, std::uint64_t seed) {
  return XXH3_64bits_withSeed(text.data(), text.size(), seed);
}

std::uint64_t hash_of(std::uint64_t number, std::uint64_t seed) {
  std::array<unsigned char, 8> bytes;
  for (auto& byte : bytes) {
    byte = static_cast<unsigned char>(number & 0xff);
    number >>= 8;
  }
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

} // namespace

std::uint64_t hash_of(const partition& x, std::uint64_t seed) {
  for (const auto& key : x.keys)
    seed = hash_of(std::string_view{key}, seed);
  return seed;
}

std::string digest_of(const std::vector<partition>& xs) {
  std::uint64_t all = 0;
  for (const auto& x : xs)
    all ^= hash_of(x, static_cast<std::uint64_t>(x.weight));
  std::array<char, 16> hex;
  auto end = std::to_chars(hex.begin(), hex.end(), all, 16).ptr;
  return std::to_string(xs.size()) + " of digest " + std::string{hex.begin(), end};
}

hash_ring::hash_ring(const std::vector<std::string_view>& workers,
                     std::size_t virtual_nodes, std::uint64_t seed) {
  points_.reserve(workers.size() * virtual_nodes);
  for (std::size_t worker = 0; worker < workers.size(); ++worker) {
    auto id = hash_of(workers[worker], seed);
    for (std::size_t i = 0; i < virtual_nodes; ++i)
      points_.push_back({hash_of(std::uint64_t{i}, id), worker});
  }
  std::sort(points_.begin(), points_.end(), [](const point& x, const point& y) {
    return x.hash != y.hash ? x.hash < y.hash : x.worker < y.worker;
  });
}

std::size_t hash_ring::after(std::uint64_t hash) const {
  auto pos = std::partition_point(points_.begin(), points_.end(),
                                  [hash](const point& x) { return x.hash < hash; });
  return pos == points_.end() ? 0 : static_cast<std::size_t>(pos - points_.begin());
}

std::vector<std::size_t> by_id(const std::vector<candidate>& workers) {
  std::vector<std::size_t> result(workers.size());
  std::iota(result.begin(), result.end(), std::size_t{0});
  std::sort(result.begin(), result.end(),
            [&](std::size_t x, std::size_t y) { return workers[x].id < workers[y].id; });
  return result;
}

std::vector<std::string_view> ids_of(const std::vector<candidate>& workers,
                                     const std::vector<std::size_t>& order) {
  std::vector<std::string_view> result;
  result.reserve(order.size());
  for (auto pos : order)
    result.emplace_back(workers[pos].id.value);
  return result;
}

} // namespace partita::core
