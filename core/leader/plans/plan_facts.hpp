// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/core/leader/members/membership.hpp"
#include "partita/core/leader/records/reconciler.hpp"
#include "partita/core/strategies/planning.hpp"
#include "partita/messages/control.hpp"

#include <set>
#include <string>
#include <vector>

/// From what a leader knows to the question for a strategy, and from the answer to what
/// the reconciler wants.
namespace partita::core {

/// Whether this worker, whose record says this, may own partitions: it takes part, and
/// states no other ownership than `ours`. A worker that goes on working where others stop
/// would give a partition two owners.
bool may_own(const worker_id& who, const record& found, const membership& members,
             ownership ours, time_point now);

/// The question: how to share these partitions among these workers. One that `members`
/// does not know has stated nothing about itself. An owner that is not among the workers
/// counts as none, but its zone is remembered.
planning_input input_of(const std::set<worker_id, by_number>& workers,
                        const membership& members, const partition_list& partitions,
                        const partition_owners& owners);

/// Which worker must own what by this plan for these partitions; each worker of the input is
/// named. Each share is in the order of the source, so a record depends only on which worker
/// owns what.
reconciler::target target_of(const planning_input& in, const plan& shares,
                             const partition_list_ptr& partitions);

/// Which worker must own what if all owners keep what they have, including those that no
/// longer take part.
reconciler::target target_as_owned(const partition_list_ptr& partitions,
                                   const partition_owners& owners);

/// What a plan changes, in numbers: only those are filled in.
history_entry changes_of(const planning_input& in, const plan& next);

} // namespace partita::core
