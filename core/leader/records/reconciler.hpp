// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/core/deadlines.hpp"
#include "partita/core/leader/members/membership.hpp"
#include "partita/core/leader/records/grant_hold.hpp"
#include "partita/core/leader/records/record_drafts.hpp"
#include "partita/core/leader/records/record_facts.hpp"
#include "partita/core/leader/records/record_goals.hpp"
#include "partita/core/leader/records/record_holders.hpp"
#include "partita/core/leader/records/record_slot.hpp"
#include "partita/core/leader/records/record_writing.hpp"
#include "partita/messages/codec.hpp"

#include <map>
#include <set>
#include <string>
#include <variant>
#include <vector>

namespace partita::core {

/// Brings the records in the store to what the leader wants, so that no partition ever
/// has two owners (docs/protocol.md).
///
///   in A's record   A's heartbeat      then
///   partitions      -                  A loses it: to `revoking`
///   revoking        has applied that,  out of A's record, and that write has landed
///                   not stopping it
///   nowhere         -                  into B's `partitions`, under a new token
///
/// Promises:
/// - A record is changed only on a revision that the watch has shown, by compare-and-set,
///   with one write of a key under way; unknown outcomes are repeated until answered.
/// - Nothing is granted before every record that the watch replayed is sealed: rewritten
///   under our epoch. No older leader's write takes effect from then on, except one that
///   hits by accident in a store that lost writes: that record is sealed again first.
/// - A partition is granted only if no other record names it, as `partitions` or as
///   `revoking`, and every write that took it out of one has landed: it was answered, or
///   the watch has shown it.
/// - What a record names leaves it only once the incarnation that it names has confirmed,
///   or has ended. The record of one that ended is emptied or readdressed as a whole.
/// - Nothing is revoked for a worker that could not get it yet.
/// - A record that already says what is wanted is not touched, and no partition that
///   stays is disturbed by one that moves.
/// - Every record that is written has a version of its own, greater than any before. A
///   grant's token is the version that granted it, and stays with the grant.
/// - Records are emptied, never deleted.
/// - A record is written in a format that each living worker reads: each may be the next
///   leader. Once a worker appears that reads only an older one, all records are sealed
///   again, in that format.
/// - A record never goes back to a smaller (epoch, version): one that appears is void,
///   and what was there before is written over it.
/// - Nothing is granted while grant_hold forbids it.
class reconciler {
public:
  struct options {
    partita::epoch epoch;
    worker_id leader;
    duration pause{};
    duration handoff_timeout{};
    /// How many partitions may be revoked at a time; 0: any number.
    std::size_t max_moves = 0;
  };

  using target = record_goals::target;
  using reasons = record_goals::reasons;

  /// Write this record with this expected revision; answer with answered().
  struct write {
    worker_id who;
    record_ptr value;
    revision expected;
    /// Of the text; each worker that is alive reads it.
    std::uint64_t format = newest_record_format;
  };
  /// Read this worker's record from the stream's leader; answer with looked().
  struct read {
    worker_id who;
  };
  /// All records are sealed, for the first time or again.
  struct sealed {};
  /// This incarnation has not confirmed in time that it has stopped, or not applied what
  /// its record grants, or has no record: fence it.
  struct overdue {
    worker_id who;
    nonce incarnation;
    /// How many it had to stop; 0: it does not follow its record.
    std::size_t partitions = 0;
  };
  struct complain {
    worker_id who;
    std::string why;
  };
  using command = std::variant<write, read, sealed, overdue, complain>;
  using commands = std::vector<command>;

  /// `members` says who lives and who has ended, `index` numbers the partitions; both outlive
  /// this.
  reconciler(options opts, const membership& members, partition_index& index);
  /// Its parts refer to each other.
  reconciler(const reconciler&) = delete;

  // -- what the watch shows -------------------------------------------------------------

  commands shown(const worker_id& who, revision at, const decoded<record_ptr>& value,
                 time_point now);
  commands gone(const worker_id& who, time_point now);
  /// What this incarnation has applied, or may apply yet, was never shown: its record
  /// vanished, or was made again.
  commands vanished(const worker_id& who, const beat& pulse, time_point now);
  /// All records have been shown: seals them.
  commands replayed(time_point now);

  // -- what the leader wants ------------------------------------------------------------

  commands want(target next, partita::lifecycle why, time_point now,
                const reasons& because = {});
  /// The standby workers, in this order.
  commands reserve(std::vector<worker_id> standbys, time_point now);
  /// When to grant nothing; look_again() after each change of it.
  grant_hold& hold() { return hold_; }
  commands look_again(time_point now);
  /// No record that is written from now on has a version above `most`: readers would
  /// refuse it.
  void versions_up_to(partita::version most) { writing_.versions_up_to(most); }
  /// What is known of this worker has changed.
  commands touch(const worker_id& who, time_point now);
  /// It has sent a heartbeat that says nothing new about its work.
  commands heard(const worker_id& who, time_point now);

  // -- answers --------------------------------------------------------------------------

  commands answered(const worker_id& who, const kv_written& answer, time_point now);
  commands looked(const worker_id& who, const kv_read& answer, time_point now);
  commands tick(time_point now);
  std::optional<time_point> wake_at() const {
    return earlier(held_ ? hold_.until() : std::nullopt, wakes_.first());
  }

  // -- for planning and for people ------------------------------------------------------

  bool all_sealed() const { return sealed_; }
  /// Whether this worker has a record that can be read.
  bool has_record(const worker_id& who) const;
  /// What its record says; only with a record.
  const record& record_of(const worker_id& who) const;
  /// Whether every record says what is wanted, and no hand-off goes on.
  bool settled() const {
    return goals_.known() && !held_ && !hold_.any_unrecorded() && unsettled_ == 0;
  }
  /// Whether any record names a partition.
  bool names_any() const { return any_named(slots_); }
  /// The partitions that records name; see named_in.
  std::vector<partition> named() const { return named_in(readable(slots_)); }
  /// Who owns what: what is wanted, or before the first `want` owners_in the records. Points
  /// to ids that are here until the next step.
  partition_owners owners() const {
    return goals_.known() ? goals_.owners() : owners_in(readable(slots_));
  }
  /// The greatest version that any record has, or that was given here.
  partita::version newest() const { return writing_.newest(); }

private:
  using slot = record_slot;

  slot& at(const worker_id& who);
  void take(slot& x, const record_ptr& found, revision seen);
  void lose(const worker_id& who, slot& x, time_point now);
  void account_for(const worker_id& who, const slot& x);
  void check_unrecorded(time_point now);
  void follow(const worker_id& who, time_point now);
  void note_format(const beat* pulse);
  void look(const worker_id& who, slot& x, time_point now);
  void note_holds(const worker_id& who, slot& x);
  /// To be called after each change of it.
  void note(slot& x);
  void mark(const worker_id& who);
  void mark_all();
  void work(time_point now);
  commands worked(time_point now);
  commands follow_up(const worker_id& who, slot& x, const record_writing::result& done,
                     time_point now);
  void push(const worker_id& who, slot& x, time_point now);
  bool may_write(const slot& x, time_point now) const;
  record_drafts::draft wanted(const worker_id& who, const slot& x, time_point now);

  void carry_out(const worker_id& who, slot& x, const record_writing::result& done,
                 time_point now);
  void check_overdue(const worker_id& who, slot& x, time_point now);

  options options_;
  const membership& members_;
  /// Empty between calls.
  commands out_;
  record_slots slots_;
  deadlines<slot> wakes_;
  /// How many are not settled, and not sealed.
  std::size_t unsettled_ = 0;
  std::size_t unsealed_ = 0;
  record_goals goals_;
  record_holders holders_;
  record_writing writing_;
  record_drafts drafts_;
  std::set<worker_id, by_number> marked_;
  /// How many partitions are being revoked; and the workers that wait for their turn.
  std::size_t moving_ = 0;
  std::set<worker_id, by_number> held_back_;
  bool replayed_ = false;
  bool sealed_ = false;
  /// What is written is in this format of records.
  std::uint64_t format_ = newest_record_format;
  grant_hold hold_;
  /// Grants wait for hold_.until(), when all is looked at again.
  bool held_ = false;
};

} // namespace partita::core
