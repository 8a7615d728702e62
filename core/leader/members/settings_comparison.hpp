// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/core/leader/members/membership.hpp"

#include <map>
#include <set>
#include <string>

namespace partita::core {

/// Whether the workers of a group agree on the settings that they must have in common.
class settings_comparison {
public:
  /// What a living worker states in its heartbeat.
  void add(const worker_id& who, const beat& what);

  /// Each setting that differs, with its values and their workers, as text; empty: none.
  /// A worker that does not state a setting says nothing about it.
  std::string differences() const;

private:
  /// By setting and value.
  std::map<std::string, std::map<std::string, std::set<worker_id, by_number>>> stated_;
};

} // namespace partita::core
