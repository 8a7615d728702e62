// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/core/leader/members/membership.hpp"

#include <map>
#include <string>
#include <vector>

namespace partita::core {

/// Whether the workers of a group agree on the settings that they must have in common.
class settings_comparison {
public:
  /// What a living worker states in its heartbeat. Workers come in the order of their ids.
  void add(const worker_id& who, const beat& what);

  /// Each setting that differs, with its values and their workers, as text; empty: none.
  /// A worker that does not state a setting says nothing about it.
  std::string differences() const;

private:
  /// By setting and value.
  std::map<std::string, std::map<std::string, std::vector<worker_id>>> stated_;
};

} // namespace partita::core
