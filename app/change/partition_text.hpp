// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/app/change/partition_changes.hpp"

#include <string>

/// How people and programs read partitions and what changes about them.
namespace partita::app {

/// One JSON object: bucket, partitions (name, keys, weight), invalid (key, why).
std::string to_json(const std::string& bucket, const partition_entries& all);
/// A table; what cannot be read stands in it, too.
std::string to_table(const partition_entries& all);
/// A file of partitions that `partita partitions import` takes.
std::string to_partitions_file(const partition_entries& all);

/// One JSON object: bucket, dry_run, added and removed (name, weight), changed (name, from,
/// to), unchanged.
std::string to_json(const std::string& bucket, const partition_changes& x, bool dry_run);
/// The first changes, a line each, and how many of each kind there are.
std::string to_text(const std::string& bucket, const partition_changes& x, bool dry_run);

} // namespace partita::app
