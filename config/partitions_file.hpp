// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/config/problem.hpp"
#include "partita/messages/partition.hpp"

#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// A file of partitions: TOML with `list`, or with `prefix` and `count`, as they stand in
/// [partitions] of a configuration. docs/configuration.md has an example.
namespace partita::config {

/// At least one partition, or everything that is wrong.
using partitions_result = std::variant<std::vector<partition>, std::vector<problem>>;

/// Reads the file at `path`. Never throws on account of its content.
partitions_result load_partitions(const std::string& path);

/// Reads `text` as if it were in a file of that name.
partitions_result load_partitions_text(std::string_view text, const std::string& name);

} // namespace partita::config
