// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/core/strategies/planning.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace partita::core {

/// XXH3-64 of the partition's keys, chained: the first key with `seed`, every further key
/// with the hash so far as its seed. The weight has no say.
std::uint64_t hash_of(const partition& x, std::uint64_t seed);

/// Tells lists of partitions apart, for people: how many they are and a hash of their
/// names and weights, in whatever order.
std::string digest_of(const std::vector<partition>& xs);

/// Points on a circle of 2^64 positions, `virtual_nodes` of them for each worker. A
/// worker that joins or leaves changes only the owners of the arcs before its own points.
///
/// Point i of a worker: XXH3-64 of the eight little-endian bytes of i, seeded with the
/// hash of the worker's id, which in turn is seeded with `seed`. Where two workers have
/// the same point, the one that stands first in `workers` has it.
class hash_ring {
public:
  /// Owners are indices in `workers`.
  hash_ring(const std::vector<std::string_view>& workers, std::size_t virtual_nodes,
            std::uint64_t seed);

  /// The worker of the first point at or after `hash`, wrapping around.
  /// @pre there is a worker
  std::size_t owner_of(std::uint64_t hash) const { return points_[after(hash)].worker; }

  /// The first worker at or after `hash`, wrapping around, that `accepts`.
  /// @pre there is a worker that does
  template <class Predicate>
  std::size_t first_of(std::uint64_t hash, Predicate accepts) const {
    auto pos = after(hash);
    while (!accepts(points_[pos].worker))
      pos = pos + 1 == points_.size() ? 0 : pos + 1;
    return points_[pos].worker;
  }

private:
  struct point {
    std::uint64_t hash;
    std::size_t worker;
  };

  std::size_t after(std::uint64_t hash) const;

  std::vector<point> points_; // by hash, then by worker
};

/// The positions in `workers` in the order of the ids, compared byte by byte: what makes
/// a plan independent of the order of the workers.
std::vector<std::size_t> by_id(const std::vector<candidate>& workers);

/// The ids at the positions `order`, for a ring; they point into `workers`.
std::vector<std::string_view> ids_of(const std::vector<candidate>& workers,
                                     const std::vector<std::size_t>& order);

} // namespace partita::core
