// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/config/options.hpp"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace partita::config {

/// What must hold between values of several options.
struct relation {
  /// Names of the options; the first is the one that is blamed.
  std::vector<std::string> keys;
  /// As in the manual, in one line.
  std::string rule;
  /// What is wrong, or nothing. Called only if all options of `keys` are good by
  /// themselves.
  std::function<std::optional<complaint>(const settings&)> check;
};

/// All relations, in the order of the options.
const std::vector<relation>& all_relations();

} // namespace partita::config
