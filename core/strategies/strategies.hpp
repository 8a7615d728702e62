// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/core/strategies/planning.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

/// The strategies that come with partita; a host application may bring its own.
namespace partita::core {

/// sticky: quotas by capacity, fewest moves; see sticky.hpp. The default.
/// consistent_hash: the owner on a hash ring; see consistent_hash.hpp.
/// weighted_consistent_hash: the ring, with a limit for each worker's weight.
/// round_robin: partition i to worker i mod n; see round_robin.hpp.
enum class strategy_name : std::uint8_t {
  sticky,
  consistent_hash,
  weighted_consistent_hash,
  round_robin,
};

/// The word for the configuration and for people.
std::string_view to_string(strategy_name x);

/// Reads what to_string gives, and the short spellings consistent, weighted and
/// roundrobin.
std::optional<strategy_name> strategy_name_from(std::string_view text);

/// Greater values make the ring's shares more even and the ring more expensive to build.
inline constexpr std::size_t default_virtual_nodes = 150;

/// Below these the weighted ring would push away nearly everything.
inline constexpr double min_overload_threshold = 1.15;
inline constexpr double min_extreme_threshold = 1.5;

struct strategy_options {
  strategy_name name = strategy_name::sticky;
  /// Points of each worker on the ring; at least 1.
  std::size_t virtual_nodes = default_virtual_nodes;
  /// Another seed gives another ring.
  std::uint64_t seed = 0;
  /// A worker is full at this many times the average weight of the workers. Only for
  /// weighted_consistent_hash; at least min_overload_threshold.
  double overload_threshold = 1.3;
  /// A partition is assigned before all others if it has more than this many times the
  /// average weight. Only for weighted_consistent_hash; at least min_extreme_threshold.
  double extreme_threshold = 2.0;
  /// What a weight <= 0 counts as; at least 1.
  std::int64_t default_weight = 100;

  friend bool operator==(const strategy_options&, const strategy_options&) = default;
};

/// What make_strategy works with: values below the least allowed ones are raised to
/// these.
strategy_options clamped(strategy_options options);

/// A strategy that keeps no state: it may be copied, and called from any thread. What it
/// gives has as many shares as there are workers.
strategy make_strategy(const strategy_options& options);

} // namespace partita::core
