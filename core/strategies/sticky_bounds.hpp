// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/core/strategies/sticky_problem.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace partita::core {

/// What weight each worker may carry in a weighted sticky plan: its fair share, give or
/// take 10 % or one heaviest partition, whichever is more. As loads are whole numbers,
/// the bounds are rounded inwards without a loss.
struct load_bounds {
  explicit load_bounds(const sticky_problem& problem);

  /// By worker.
  std::vector<std::int64_t> lower;
  std::vector<std::int64_t> fair; // rounded down
  std::vector<std::int64_t> upper;
  /// The heaviest partition. fair + heaviest <= upper; lower + heaviest <= fair + 1
  /// unless lower is 0.
  std::int64_t heaviest = 0;
};

/// By worker: the weight of what it has in `owners`.
std::vector<std::int64_t> loads_of(const sticky_problem& problem,
                                   const placement& owners);

/// The weight that `chosen` takes from workers that are still there.
std::int64_t weight_moved(const sticky_problem& problem, const placement& chosen);

/// A weight that every placement within the bounds has to move: what the workers above
/// their bounds have too much, or what those below lack and the homeless partitions
/// cannot give.
std::int64_t least_to_move(const sticky_problem& problem, const load_bounds& bounds);

/// Takes back moves that turn out not to be needed: a partition returns to its owner, or
/// a lighter one of the same owner goes in its place, as long as all stay within their
/// bounds.
void take_back_moves(const sticky_problem& problem, const load_bounds& bounds,
                     placement& chosen);

/// Replaces `chosen` by a placement within the bounds that moves the least weight, if
/// there is a better one and the input is so small that a fixed effort finds it. Stops as
/// soon as no more than `enough` moves.
void search_fewest_moves(const sticky_problem& problem, const load_bounds& bounds,
                         std::int64_t enough, placement& chosen);

} // namespace partita::core
