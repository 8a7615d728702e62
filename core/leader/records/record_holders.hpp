// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/core/leader/members/membership.hpp"

#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

namespace partita::core {

/// Which records hold a partition: no other worker may be given it meanwhile.
class record_holders {
public:
  using workers = std::set<worker_id, by_number>;

  /// The record of this worker holds just these from now on. Returns those that no record
  /// holds any more.
  std::vector<std::string> hold(const worker_id& who, std::set<std::string> names);
  /// Whose records hold it.
  const workers& of(const std::string& name) const;

private:
  std::unordered_map<std::string, workers> by_name_;
  std::map<worker_id, std::set<std::string>, by_number> by_worker_;
};

} // namespace partita::core
