// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/core/leader/records/partition_index.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace partita::core {

/// By partition's number; null, or no such number: no worker. Points to ids that others keep.
using partition_owners = std::vector<const worker_id*>;

/// What the leader wants its records to say, and why.
class record_goals {
public:
  /// Which worker must own what. Workers that it does not name must own nothing.
  using target = std::map<worker_id, partition_list, by_number>;

  /// The reasons of a plan, for operators: by partition where a directive or the like
  /// decided, else `all`.
  struct reasons {
    std::string all;
    std::map<partition_number, std::string> of;
  };

  /// Returns the workers for which something else is wanted than before.
  std::vector<worker_id> want(target next, partita::lifecycle why,
                              const reasons& because);
  /// The standby workers, in this order.
  void reserve(std::vector<worker_id> standbys) { standbys_ = std::move(standbys); }
  const std::vector<worker_id>& standbys() const { return standbys_; }

  /// Whether the leader has said yet what it wants.
  bool known() const { return target_.has_value(); }
  partita::lifecycle why() const { return lifecycle_; }
  const partition_list& of(const worker_id& who) const;
  /// Who must own it; null: no worker.
  const worker_id* owner_of(partition_number x) const {
    return x < owners_.size() ? owners_[x] : nullptr;
  }
  /// Why its owner changed last, since we lead; empty: it has not.
  const std::string& reason_of(partition_number x) const;
  /// From 1; 0: it is none.
  std::uint32_t standby_of(const worker_id& who) const;
  const partition_owners& owners() const { return owners_; }

private:
  void note_reasons(const partition_owners& before, const reasons& because);

  std::optional<target> target_;
  partita::lifecycle lifecycle_ = lifecycle::empty;
  /// Those that ever had to own something: one is known by where it is.
  std::set<worker_id, by_number> workers_;
  partition_owners owners_;
  std::vector<std::shared_ptr<const std::string>> reasons_;
  std::vector<worker_id> standbys_;
};

} // namespace partita::core
