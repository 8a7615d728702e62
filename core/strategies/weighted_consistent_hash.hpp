// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/core/strategies/strategies.hpp"

namespace partita::core {

/// The hash ring, with a limit for the weight of one worker.
///
/// Where all effective weights are equal this is plan_consistent_hash. Otherwise
/// partitions of extreme weight are assigned first, heaviest first (then by keys), to the
/// workers in the order of their ids. The others follow in the order of the input: each
/// to its owner on the ring unless that would lift the owner above overload_threshold
/// times the average worker, and then to the worker with the least weight.
///
/// Promises: independent of the order of the workers, not of that of the partitions. No
/// bound on movement: one new weight may move many. Uses neither capacities nor the
/// previous plan. A share begins with its extreme partitions.
plan plan_weighted_consistent_hash(const planning_input& in,
                                   const strategy_options& options);

} // namespace partita::core
