// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/core/leader/records/partition_index.hpp"
#include "partita/core/leader/records/record_goals.hpp"

#include <string>
#include <utility>
#include <vector>

/// What can be read off records.
namespace partita::core {

/// Whether it names any partition.
bool holds_any(const record& x);

/// Those that can be read. Points to ids and records that others keep.
using known_records = std::vector<std::pair<const worker_id*, const numbered_record*>>;

/// Who owns what. Of two records that name it the greater (epoch, version) has it.
partition_owners owners_in(const known_records& all);

/// Every partition that a record names, as owned or as being revoked, by name; of two
/// weights that of the greater (epoch, version).
std::vector<partition> named_in(const known_records& all);

/// The most bytes of different reasons in one record: its grants may come from any number
/// of plans, and the store limits the size of a value.
inline constexpr std::size_t most_of_reasons = 16 * 1024;

/// Leaves out reasons of the oldest grants where there are too many.
void bound_reasons(record& x);

/// Puts grants of one token and reason side by side, revocations of one reason too, so that
/// the text states each once.
void group_grants(numbered_record& x);

/// Whether a worker that has applied `old` would do nothing else under `next`.
bool says_the_same(const numbered_record& old, const numbered_record& next);

} // namespace partita::core
