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

/// Who owns what: one question for each of a hundred thousand partitions.
class partition_owners {
public:
  static constexpr std::uint32_t none = number_map::none;

  /// Gives the next worker its number, from 0; in the order of by_number. `who` is kept by
  /// others.
  std::uint32_t add(const worker_id& who) {
    workers_.push_back(&who);
    return static_cast<std::uint32_t>(workers_.size() - 1);
  }
  void set(partition_number x, std::uint32_t worker) {
    if (x >= by_number_.size())
      by_number_.resize(x + 1, none);
    by_number_[x] = worker;
  }
  /// The owner's number, or `none`.
  std::uint32_t at(partition_number x) const {
    return x < by_number_.size() ? by_number_[x] : none;
  }
  /// The owner, or null.
  const worker_id* of(partition_number x) const {
    auto worker = at(x);
    return worker == none ? nullptr : workers_[worker];
  }
  const std::vector<const worker_id*>& workers() const { return workers_; }
  /// No number that is as great has an owner.
  std::size_t size() const { return by_number_.size(); }

private:
  std::vector<const worker_id*> workers_;
  std::vector<std::uint32_t> by_number_;
};

/// What the leader wants its records to say, and why.
class record_goals {
public:
  /// Which worker must own what of this list. Workers that it does not name must own nothing.
  struct target {
    partition_list_ptr list;
    std::map<worker_id, partition_places, by_number> shares;
  };

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
  const partition_places& of(const worker_id& who) const;
  /// What is at a place of such a share.
  partition_number number_at(std::uint32_t place) const {
    return target_->list->numbers[place];
  }
  const partition& partition_at(std::uint32_t place) const {
    return target_->list->partitions[place];
  }
  /// Why its owner changed last, since we lead; empty: it has not.
  const std::string& reason_of(partition_number x) const;
  /// From 1; 0: it is none.
  std::uint32_t standby_of(const worker_id& who) const;
  /// Points to ids that are here as long as this is.
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
