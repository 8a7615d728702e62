// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "event.hpp"

#include <cstdint>
#include <set>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace partita::bench {

/// What a phase did to the partitions.
struct moves {
  /// Partitions that have another owner than before, or have one for the first time.
  std::size_t moved = 0;
  /// Times that a partition had a second owner before the first had stopped.
  std::size_t overlaps = 0;
  /// From the end of one owner's work to the begin of the next one's, for each move.
  std::vector<double> gaps_ms = {};
  /// When the last work began or ended; 0 if nothing happened.
  std::int64_t last_ns = 0;
};

/// Which worker works on which partition, by what the workers say.
class ownership {
public:
  /// Takes an event that may name partitions.
  void take(const event& x);

  /// A worker that was killed at that time works on nothing.
  void killed(std::size_t worker, std::int64_t at_ns);

  /// Whether these workers, and no others, share partitions 0 to `count` - 1: each has one
  /// owner, and no two workers differ by more than one.
  bool even(std::size_t count, const std::set<std::size_t>& workers) const;

  std::size_t held_by(std::size_t worker) const;

  /// Begins a phase, in which nothing has happened yet.
  void begin_phase() { changes_.clear(); }
  moves end_phase();

private:
  struct change {
    std::uint32_t partition = 0;
    std::int64_t at_ns = 0;
    std::size_t worker = 0;
    bool begins = false;
  };
  /// The owner of a partition as far as the phases are over.
  struct history {
    std::set<std::size_t> holders = {};
    std::size_t last_owner = 0;
    /// 0: had no owner yet.
    std::int64_t free_since_ns = 0;
  };

  void set(std::uint32_t partition, std::size_t worker, std::int64_t at_ns, bool begins);
  static void follow(history& h, const change& x, moves& result);

  std::unordered_map<std::size_t, std::unordered_set<std::uint32_t>> held_;
  /// How many workers work on each partition.
  std::vector<std::uint16_t> holders_;
  std::size_t with_one_ = 0;
  std::size_t works_ = 0;
  /// In the order of arrival, which is not that of time.
  std::vector<change> changes_;
  std::vector<history> histories_;
};

} // namespace partita::bench
