// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/core/leader/records/partition_index.hpp"

#include <map>
#include <vector>

namespace partita::core {

/// Which records hold a partition: no other worker may be given it meanwhile.
class record_holders {
public:
  /// In any order.
  using workers = std::vector<const worker_id*>;

  /// The record of this worker holds just these from now on. Returns those that no record
  /// holds any more.
  std::vector<partition_number> hold(const worker_id& who,
                                     const std::vector<partition_number>& held);
  /// Whose records hold it.
  const workers& of(partition_number x) const;

private:
  std::vector<workers> by_number_;
  std::map<worker_id, std::vector<partition_number>, by_number> by_worker_;
  /// For one call.
  number_map held_;
};

} // namespace partita::core
