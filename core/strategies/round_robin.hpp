// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/core/strategies/planning.hpp"

namespace partita::core {

/// Partition i to worker i mod n, both in the order of the input; so it depends on both
/// orders, and one worker more or less moves nearly everything. Uses neither weights nor
/// capacities nor the previous plan.
plan plan_round_robin(const planning_input& in);

} // namespace partita::core
