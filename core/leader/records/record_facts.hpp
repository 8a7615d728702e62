// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/messages/ids.hpp"
#include "partita/messages/record.hpp"

#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

/// What can be read off records.
namespace partita::core {

/// The grants of a record by their partitions' names. Points into the record.
using grant_index = std::unordered_map<std::string, const grant*>;
grant_index index_of(const record& x);

std::set<std::string> names_of(const std::vector<partition>& xs);
std::set<std::string> names_of(const std::vector<revocation>& xs);

/// Adds the names of what the record names, granted or revoking.
void add_names(std::set<std::string>& to, const record& x);

/// Whether it names any partition.
bool holds_any(const record& x);

/// Those that can be read. Points to records that others keep.
using records_by_worker = std::map<worker_id, const record*, by_number>;

/// Who owns what, by name of the partition. Of two records that name it the greater
/// (epoch, version) has it.
std::map<std::string, worker_id> owners_in(const records_by_worker& all);

/// Every partition that a record names, as owned or as being revoked, by name; of two
/// weights that of the greater (epoch, version).
std::vector<partition> named_in(const records_by_worker& all);

/// The most bytes of different reasons in one record: its grants may come from any number
/// of plans, and the store limits the size of a value.
inline constexpr std::size_t most_of_reasons = 16 * 1024;

/// Leaves out reasons of the oldest grants where there are too many.
void bound_reasons(record& x);

/// Whether a worker that has applied `old` would do nothing else under `next`.
bool says_the_same(const record& old, const record& next);

} // namespace partita::core
