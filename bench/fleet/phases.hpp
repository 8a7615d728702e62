// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fleet.hpp"

#include "../results.hpp"

#include <string>
#include <vector>

namespace partita::bench {

struct phase_options {
  /// In this order; of all_phases().
  std::vector<std::string> phases;
  /// How many workers leave in `leave_many`.
  std::size_t leaving = 1;
  /// How many changes of the list come in `flood`, and how far apart.
  std::size_t changes = 20;
  std::chrono::milliseconds between{100};
  /// How long `idle` lasts.
  std::chrono::seconds idle{20};
  /// Where profiles by perf of the leader's process are left, one for each phase; empty: none.
  std::string profiles;
};

/// cold, join, leave, leave_many, flood, idle, crash.
const std::vector<std::string>& all_phases();

/// Runs the phases on a fleet of their own; prints each as it ends. What was measured before a
/// phase fails stays in `into`.
void run_phases(const fleet_options& fleet, const phase_options& phases, results& into);

} // namespace partita::bench
