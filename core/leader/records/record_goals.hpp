// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/core/leader/members/membership.hpp"
#include "partita/messages/record.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace partita::core {

/// What the leader wants its records to say, and why.
class record_goals {
public:
  /// Which worker must own what. Workers that it does not name must own nothing.
  using target = std::map<worker_id, std::vector<partition>, by_number>;

  /// The reasons of a plan, for operators: by name of the partition where a directive or
  /// the like decided, else `all`.
  struct reasons {
    std::string all;
    std::map<std::string, std::string> of;
  };

  void want(target next, partita::lifecycle why, const reasons& because);
  /// The standby workers, in this order.
  void reserve(std::vector<worker_id> standbys) { standbys_ = std::move(standbys); }
  const std::vector<worker_id>& standbys() const { return standbys_; }

  /// Whether the leader has said yet what it wants.
  bool known() const { return target_.has_value(); }
  partita::lifecycle why() const { return lifecycle_; }
  const std::vector<partition>& of(const worker_id& who) const;
  /// Who must own it; none: no worker.
  const worker_id* owner_of(const std::string& name) const;
  /// Why its owner changed last, since we lead; empty: it has not.
  std::string reason_of(const std::string& name) const;
  /// From 1; 0: it is none.
  std::uint32_t standby_of(const worker_id& who) const;
  std::map<std::string, worker_id> owners() const;

private:
  void note_reasons(const std::unordered_map<std::string, worker_id>& before,
                    const reasons& because);

  std::optional<target> target_;
  partita::lifecycle lifecycle_ = lifecycle::empty;
  std::unordered_map<std::string, worker_id> owners_;
  std::unordered_map<std::string, std::shared_ptr<const std::string>> reasons_;
  std::vector<worker_id> standbys_;
};

} // namespace partita::core
