// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/core/strategies/planning.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The strategies that come with partita; a host application may bring its own.
namespace partita::core {

/// All of them; what they promise is in the source of each.
std::vector<std::string> strategy_names();

/// What each of them does, for people: "round_robin or roundrobin: partition i ...".
std::vector<std::string> strategy_help();

/// The name that `text` stands for: the name itself, or its short spelling.
std::optional<std::string> strategy_name_from(std::string_view text);

/// Greater values make the ring's shares more even and the ring more expensive to build.
inline constexpr std::size_t default_virtual_nodes = 150;

/// Below these the weighted ring would push away nearly everything.
inline constexpr double min_overload_threshold = 1.15;
inline constexpr double min_extreme_threshold = 1.5;

struct strategy_options {
  std::string name = "sticky"; // one of strategy_names()
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
/// gives has as many shares as there are workers. Throws std::invalid_argument if no strategy
/// has the name.
strategy make_strategy(const strategy_options& options);

} // namespace partita::core
