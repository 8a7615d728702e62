// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/core/strategies/strategies.hpp"

namespace partita::core {

/// Keeps every owner that the balance allows to keep.
///
/// A move is a partition that leaves a worker that is still there; partitions without an
/// owner, or of a worker that is gone, must be placed anyway. A weight <= 0 counts as
/// default_weight, a capacity below 1 as 1; weights above 2^40 count as 2^40, capacities
/// above 2^31 as 2^31.
///
/// Unweighted (all effective weights are equal) it promises, with the fair share of a
/// worker being number of partitions x its capacity / total capacity:
/// - every worker has its fair share, rounded down or up; so
///   two workers of equal capacity differ by at most one
///   partition;
/// - no plan for which this holds moves fewer partitions. Who of the workers rounds up is
///   chosen for fewest moves, then by the largest remainder, then by the ring.
///
/// Weighted, with the fair share being total weight x capacity / total capacity:
/// - |load - fair share| <= max(10 % of the fair share, the heaviest weight), always;
/// - the weight moved is at most the minimum for these bounds plus one heaviest
/// partition.
///   In general that minimum cannot be computed in time, so for large groups the plan
///   comes close to it rather than promising it; see sticky_weighted.cpp. A group that
///   is within its bounds is left alone.
///
/// Both: what moves or is newly placed goes to its owner on the hash ring while that
/// costs no move and no balance (unweighted: else to the next worker on the ring that has
/// room); what has to leave a worker is first what the ring gives to a worker that lacks
/// some. So a worker that returns gets its old partitions rather than others.
///
/// Zones: of partitions of one weight that move or are placed anyway, as many as possible
/// go to a worker of the zone in which they were. That costs no balance and no move, and
/// is decided before the ring; a worker or a partition without a zone has no preference.
///
/// Partitions that are bound to a worker count in its balance: sticky_bound.hpp.
///
/// Who owns what does not depend on the order of workers and partitions (as long as no
/// two share a name). A share is in the order of the input.
plan plan_sticky(const planning_input& in, const strategy_options& options);

} // namespace partita::core
