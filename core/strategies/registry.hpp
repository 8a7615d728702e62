// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/core/strategies/strategies.hpp"

/// INTERNAL: the table of the strategies. A new one is a source with its function and
/// contract, and its declaration and line here: all words for users come from the table.
namespace partita::core {

using planner = plan(const planning_input&, const strategy_options&);

planner plan_sticky;
planner plan_consistent_hash;
planner plan_weighted_consistent_hash;
planner plan_round_robin;

struct strategy_entry {
  /// The word for the configuration and for people.
  std::string_view name;
  /// Accepted as well; empty: none.
  std::string_view synonym;
  planner* run;
  /// What it does; stands behind "<name>: ".
  std::string_view help;
};

inline constexpr strategy_entry strategy_table[] = {
    {"sticky", "", plan_sticky, "moves the fewest partitions that balance allows"},
    {"consistent_hash", "consistent", plan_consistent_hash,
     "each partition goes to its owner on a hash ring"},
    {"weighted_consistent_hash", "weighted", plan_weighted_consistent_hash,
     "the ring, with a limit for the weight of each worker"},
    {"round_robin", "roundrobin", plan_round_robin, "partition i goes to worker i mod n"},
};

} // namespace partita::core
