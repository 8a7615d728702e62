// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/app/change/partition_changes.hpp"

#include <ostream>
#include <string>

/// How people and programs read partitions and what changes about them.
namespace partita::app {

// A list may be long: it is written as it is formatted.

/// One JSON object: bucket, invalid (key, why), partitions (name, keys, weight).
void write_json(std::ostream& to, const std::string& bucket,
                const partition_entries& all);
/// A table; what cannot be read stands in it, too.
void write_table(std::ostream& to, const partition_entries& all);
/// A file of partitions that `partita partitions import` takes.
void write_partitions_file(std::ostream& to, const partition_entries& all);

/// One JSON object: added (name, weight), bucket, changed (name, from, to), dry_run, removed
/// (name, weight), unchanged.
void write_json(std::ostream& to, const std::string& bucket, const partition_changes& x,
                bool dry_run);
/// The first changes, a line each, and how many of each kind there are.
std::string to_text(const std::string& bucket, const partition_changes& x, bool dry_run);

} // namespace partita::app
