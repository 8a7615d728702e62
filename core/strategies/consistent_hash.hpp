// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/core/strategies/strategies.hpp"

namespace partita::core {

/// Every partition to its owner on the hash ring.
///
/// Promises: who owns a partition depends on its keys and on the ids of the workers
/// alone, not on the order of the input nor on other partitions; a worker that leaves
/// moves only its own partitions, a worker that joins moves partitions only to itself. No
/// balance beyond that of the ring. A share is in the order of the input.
plan plan_consistent_hash(const planning_input& in, const strategy_options& options);

} // namespace partita::core
