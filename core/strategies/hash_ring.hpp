// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/core/strategies/planning.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
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
///
/// Points are grouped by sectors of the circle: hashes are spread so evenly that a sector
/// has few, and sorting these would take longer than it saves.
class hash_ring {
public:
  /// Owners are indices in `workers`.
  hash_ring(const std::vector<std::string_view>& workers, std::size_t virtual_nodes,
            std::uint64_t seed);

  /// A part of the same ring, for little more than the cost of hashing all points: only
  /// the sectors in which one of `places` lies, and those that follow these.
  hash_ring(const std::vector<std::string_view>& workers, std::size_t virtual_nodes,
            std::uint64_t seed, const std::vector<std::uint64_t>& places);

  /// What a part of a ring answers where it would have to look into other parts.
  static constexpr auto unknown = std::numeric_limits<std::size_t>::max();

  /// The worker of the first point at or after `hash`, wrapping around.
  /// @pre there is a worker
  std::size_t owner_of(std::uint64_t hash) const {
    return first_of(hash, [](std::size_t) { return true; });
  }

  /// The first worker at or after `hash`, wrapping around, that `accepts`.
  /// @pre there is a worker that does
  template <class Predicate>
  std::size_t first_of(std::uint64_t hash, Predicate accepts) const {
    auto sector = sector_of(hash);
    auto from = hash << bits_;
    while (parts_.empty() || parts_[sector]) {
      auto found = next_point(sector, from);
      if (found == no_point) {
        sector = sector_after(sector);
        from = 0;
      } else if (accepts(worker_of(found))) {
        return worker_of(found);
      } else {
        from = found + 1;
      }
    }
    return unknown;
  }

private:
  /// What is left of a point's hash without its sector, then its worker: so the numbers of
  /// a sector are in the order of the ring.
  using point = std::uint64_t;

  /// No point has this value, as there are fewer workers than sectors.
  static constexpr auto no_point = std::numeric_limits<point>::max();

  /// Sets starts_ and points_. `each` calls its argument with the hash and the worker of
  /// every point, each time that it is called.
  template <class Each>
  void fill(Each each);

  std::uint64_t sector_count() const { return std::uint64_t{1} << bits_; }
  std::uint64_t sector_of(std::uint64_t hash) const { return hash >> (64 - bits_); }
  std::uint64_t sector_after(std::uint64_t sector) const {
    return (sector + 1) & (sector_count() - 1);
  }
  std::size_t worker_of(point x) const { return x & (sector_count() - 1); }

  /// The first point of the sector that is not below `from`.
  point next_point(std::uint64_t sector, point from) const {
    auto result = no_point;
    for (auto pos = starts_[sector]; pos < starts_[sector + 1]; ++pos)
      if (points_[pos] >= from)
        result = std::min(result, points_[pos]);
    return result;
  }

  int bits_;                          // of a hash that name its sector
  std::vector<char> parts_;           // by sector: whether it is there; empty: all are
  std::vector<std::uint32_t> starts_; // by sector: the position of its first point
  std::vector<point> points_;
};

/// The positions in `workers` in the order of the ids, compared byte by byte: what makes
/// a plan independent of the order of the workers.
std::vector<std::size_t> by_id(const std::vector<candidate>& workers);

/// The ids at the positions `order`, for a ring; they point into `workers`.
std::vector<std::string_view> ids_of(const std::vector<candidate>& workers,
                                     const std::vector<std::size_t>& order);

} // namespace partita::core
