// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/app/inspect/group_status.hpp"

#include <string>

/// The workers of a group, one by one, with all that is known of them.
namespace partita::app {

/// A row for each worker. LOAD is its part of the weight of all partitions that have an
/// owner, against the part that corresponds to its capacity.
std::string workers_table(const group_status& x);

/// One line: `group` and `workers`.
std::string workers_json(const group_status& x);

} // namespace partita::app
