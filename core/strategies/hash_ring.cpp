// SPDX-License-Identifier: Apache-2.0
#include "partita/core/strategies/hash_ring.hpp"

// A ring hashes eight bytes for each of its points: a call would cost more than the hash.
#define XXH_INLINE_ALL
#include <xxhash.h>

#include <array>
#include <bit>
#include <charconv>
#include <numeric>
#include <utility>

namespace partita::core {

namespace {

// Seed 0 gives what XXH3 gives without a seed, so both need no case of their own.
std::uint64_t hash_of(std::string_view text, std::uint64_t seed) {
  return XXH3_64bits_withSeed(text.data(), text.size(), seed);
}

std::uint64_t hash_of(std::uint64_t number, std::uint64_t seed) {
  if constexpr (std::endian::native == std::endian::big)
    number = __builtin_bswap64(number);
  return XXH3_64bits_withSeed(&number, sizeof number, seed);
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

namespace {

/// Points of the largest ring that has a sector for each: it is looked up more often than
/// it has points.
constexpr std::size_t max_small = 1 << 13;

/// There are more sectors than workers, and up to twice as many as are asked for.
int bits_for(std::size_t workers, std::size_t sectors) {
  return std::max(1, static_cast<int>(std::bit_width(std::max(workers, sectors))));
}

/// Calls `visit` with the hash and the worker of every point.
template <class Visit>
void each_point(const std::vector<std::string_view>& workers, std::size_t virtual_nodes,
                std::uint64_t seed, Visit visit) {
  for (std::size_t worker = 0; worker < workers.size(); ++worker) {
    auto id = hash_of(workers[worker], seed);
    for (std::size_t i = 0; i < virtual_nodes; ++i)
      visit(hash_of(std::uint64_t{i}, id), worker);
  }
}

} // namespace

hash_ring::hash_ring(const std::vector<std::string_view>& workers,
                     std::size_t virtual_nodes, std::uint64_t seed)
    : bits_{bits_for(workers.size(), workers.size() * virtual_nodes <= max_small
                                         ? workers.size() * virtual_nodes
                                         : workers.size() * virtual_nodes / 4)} {
  // Hashing twice is faster than to keep the hashes.
  fill([&](auto visit) { each_point(workers, virtual_nodes, seed, visit); });
}

hash_ring::hash_ring(const std::vector<std::string_view>& workers,
                     std::size_t virtual_nodes, std::uint64_t seed,
                     const std::vector<std::uint64_t>& places)
    : bits_{bits_for(workers.size(), workers.size() * virtual_nodes / 64)},
      parts_(sector_count()) {
  for (auto place : places)
    parts_[sector_of(place)] = parts_[sector_after(sector_of(place))] = true;
  std::vector<std::pair<std::uint64_t, std::size_t>> kept;
  each_point(workers, virtual_nodes, seed,
             [&kept, is_part = parts_.data(), shift = 64 - bits_](std::uint64_t hash,
                                                                  std::size_t worker) {
               if (is_part[hash >> shift])
                 kept.emplace_back(hash, worker);
             });
  fill([&](auto visit) {
    for (auto [hash, worker] : kept)
      visit(hash, worker);
  });
}

// The loops have copies of the members: the compiler must assume that writing through a
// pointer changes the members themselves.
template <class Each>
void hash_ring::fill(Each each) {
  starts_.resize(sector_count() + 1);
  each([starts = starts_.data(), shift = 64 - bits_](std::uint64_t hash, std::size_t) {
    ++starts[hash >> shift];
  });
  std::partial_sum(starts_.begin(), starts_.end(), starts_.begin());
  points_.resize(starts_.back());
  each([starts = starts_.data(), points = points_.data(),
        bits = bits_](std::uint64_t hash, std::size_t worker) {
    points[--starts[hash >> (64 - bits)]] = hash << bits | worker;
  });
}

std::vector<std::size_t> by_id(const std::vector<candidate>& workers) {
  std::vector<std::size_t> result(workers.size());
  std::iota(result.begin(), result.end(), std::size_t{0});
  // Merging makes use of the order in which they come, by their numbers.
  std::stable_sort(result.begin(), result.end(), [&](std::size_t x, std::size_t y) {
    return workers[x].id < workers[y].id;
  });
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
