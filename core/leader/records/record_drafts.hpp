// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/core/leader/members/membership.hpp"
#include "partita/core/leader/records/record_goals.hpp"
#include "partita/core/leader/records/record_holders.hpp"
#include "partita/core/leader/records/record_slot.hpp"

#include <cstddef>
#include <limits>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace partita::core {

/// INTERNAL to the reconciler: what each record must say. When and how that is written, the
/// reconciler decides.
class record_drafts {
public:
  /// Who writes the records.
  struct author {
    partita::epoch epoch;
    worker_id leader;
  };
  struct permission {
    /// Whether anything may be granted now.
    bool grants = false;
    /// How many partitions may be revoked more than are being revoked.
    std::size_t moves = std::numeric_limits<std::size_t>::max();
  };
  struct draft {
    /// None: the record stays as it is.
    std::optional<numbered_record> next;
    /// Partitions wait for their turn to be revoked.
    bool held_back = false;
    /// `next` says exactly what is wanted; the record, if there is no `next`.
    bool as_wanted = false;
  };

  /// All but `by` outlive this.
  record_drafts(author by, const membership& members, const record_goals& goals,
                const record_holders& holders, const record_slots& slots)
      : by_{std::move(by)},
        members_{members},
        goals_{goals},
        holders_{holders},
        slots_{slots} {}

  draft of(const worker_id& who, const record_slot& x, permission may, time_point now);
  /// The same content as our own: a record is sealed by that.
  numbered_record sealed(const numbered_record& x) const;

private:
  /// What the present call works on.
  struct subject {
    const worker_id& who;
    const record_slot& slot;
    /// The worker's heartbeat, if it lives.
    const beat* pulse;
    permission may;
    time_point now;
  };

  numbered_record blank(const subject& x) const;
  numbered_record addressed(const subject& x) const;
  std::optional<numbered_record> unreadable(const subject& x) const;
  std::optional<numbered_record> forget_terms(const subject& x) const;
  std::optional<numbered_record> settle_idle(const subject& x) const;
  std::optional<numbered_record> settle_ended(const subject& x);
  numbered_record readdress(const subject& x);
  draft settle_owner(const subject& x);
  bool find_lacking(const subject& x);
  bool keep_or_give_up(const subject& x, numbered_record& to);
  void keep_giving_up(const subject& x, numbered_record& to) const;
  void add_grant(std::uint32_t place, const std::string& reason,
                 numbered_record& to) const;
  bool is_free(const worker_id& who, partition_number x) const;
  std::set<std::string> stopping(const subject& x) const;
  bool released(const subject& x, partition_number number, const std::string& name,
                const std::set<std::string>& stopping) const;

  author by_;
  const membership& members_;
  const record_goals& goals_;
  const record_holders& holders_;
  const record_slots& slots_;
  /// For one call: where the record and the goal have what, what the draft has of the goal, and
  /// what the record lacks of the goal.
  number_map had_;
  number_map wanted_;
  number_map given_;
  partition_places lacking_;
};

} // namespace partita::core
