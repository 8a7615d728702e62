// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/core/leader/members/membership.hpp"
#include "partita/core/leader/records/record_goals.hpp"
#include "partita/core/leader/records/record_holders.hpp"
#include "partita/core/leader/records/record_slot.hpp"

#include <cstddef>
#include <limits>
#include <optional>
#include <string>

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
    std::optional<record> next;
    /// Partitions wait for their turn to be revoked.
    bool held_back = false;
  };

  /// All but `by` outlive this.
  record_drafts(author by, const membership& members, const record_goals& goals,
                const record_holders& holders, const record_slots& slots)
      : by_{std::move(by)},
        members_{members},
        goals_{goals},
        holders_{holders},
        slots_{slots} {}

  draft of(const worker_id& who, const record_slot& x, permission may,
           time_point now) const;
  /// The same content as our own: a record is sealed by that.
  record sealed(const record& x) const;

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

  record blank(const subject& x) const;
  record addressed(const subject& x) const;
  std::optional<record> unreadable(const subject& x) const;
  std::optional<record> forget_terms(const subject& x) const;
  std::optional<record> settle_idle(const subject& x) const;
  std::optional<record> settle_ended(const subject& x) const;
  record readdress(const subject& x) const;
  draft settle_owner(const subject& x) const;
  std::set<std::string> keep_and_grant(const subject& x, record& to) const;
  bool give_up(const subject& x, const std::set<std::string>& given, record& to) const;
  bool is_free(const worker_id& who, const std::string& name) const;
  bool released(const subject& x, const std::string& name) const;

  author by_;
  const membership& members_;
  const record_goals& goals_;
  const record_holders& holders_;
  const record_slots& slots_;
};

} // namespace partita::core
