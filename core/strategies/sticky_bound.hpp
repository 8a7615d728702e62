// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/core/strategies/strategies.hpp"

namespace partita::core {

/// plan_sticky where some partitions are bound to workers (planning_input::bound).
///
/// What is bound counts in the balance: a worker that its bound partitions give its fair
/// share or more gets nothing else, and the others share the rest among them as if it
/// were not there. In every other share the bound partitions have the place of others:
/// one that sticky would have put elsewhere changes places with one of about its weight.
/// So where all weigh the same the others differ by at most one partition, as always;
/// else their bounds may be missed by the difference of the two weights.
/// @pre there are workers, and `in.bound` names one or none for each partition
plan plan_sticky_bound(const planning_input& in, const strategy_options& options);

} // namespace partita::core
