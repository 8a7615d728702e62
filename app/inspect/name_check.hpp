// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/app/inspect/group_status.hpp"

#include <string>
#include <vector>

/// Names that a person typed, against those that the group has.
namespace partita::app {

/// Names of all partitions in the records, as people read them.
std::vector<std::string> partition_names(const group_status& x);

/// For a worker that left no trace: says so, with the nearest id or with all ids if they
/// are few.
std::string unknown_worker(const group_status& x, const worker_id& typed);

/// For a partition that is none of `names`: the same.
std::string unknown_partition(const std::vector<std::string>& names,
                              const std::string& typed);

} // namespace partita::app
