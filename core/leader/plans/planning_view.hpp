// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/core/leader/plans/plan_facts.hpp"
#include "partita/core/leader/records/record_facts.hpp"
#include "partita/messages/options.hpp"

#include <chrono>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace partita::core {

/// From what a plan would be made at this moment: which workers take part, who owns what,
/// and in which zone. The rules are those of a leader that takes over now and has seen each
/// entry since it was written; only what it finds silent counts as gone at once, without
/// the mark that a leader writes first. For commands that ask what a plan would be.
class planning_view {
public:
  /// What a leader knows from its own settings.
  struct rules {
    /// For workers that do not state theirs.
    std::chrono::milliseconds ttl{6'000};
    std::chrono::milliseconds restart_hold = rebalance_options{}.restart_hold;
    partita::ownership ownership = ownership::exclusive;
  };

  /// What the entries show of one worker.
  struct traces {
    /// Its heartbeat or mark; null: there is none, or it cannot be read.
    const beat* pulse = nullptr;
    bool unreadable = false;
    /// Of its heartbeat.
    duration age{};
    /// Its record; null: there is none, or it cannot be read.
    const record* found = nullptr;
  };

  planning_view(const rules& by, const std::map<worker_id, traces, by_number>& all);
  /// Not copyable: what it knows of owners points into its records.
  planning_view(planning_view&&) = default;

  /// Those that may own partitions, directives aside.
  const std::set<worker_id, by_number>& workers() const { return workers_; }
  /// Null: it has none.
  const worker_id* owner_of(const std::string& partition) const;
  /// The partitions that records name.
  std::vector<partition> named() const { return named_in(known_); }
  /// The question for a strategy, for these workers; see input_of.
  planning_input input(const std::set<worker_id, by_number>& workers,
                       std::vector<partition> partitions) {
    return input_of(workers, members_, *index_.list(std::move(partitions)), owners_);
  }

private:
  membership members_;
  partition_index index_;
  std::map<worker_id, record_ptr, by_number> records_;
  known_records known_;
  partition_owners owners_;
  std::set<worker_id, by_number> workers_;
};

} // namespace partita::core
