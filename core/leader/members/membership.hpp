// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/core/deadlines.hpp"
#include "partita/core/strategies/planning.hpp"
#include "partita/core/time.hpp"
#include "partita/messages/entries.hpp"
#include "partita/messages/ids.hpp"

#include <map>
#include <set>
#include <string>
#include <vector>

namespace partita::core {

/// Who is in the group, and which incarnations have ended, as the leader sees it.
///
/// An incarnation, once it owned something, has ended only if (docs/protocol.md)
/// (a) its heartbeat is `stopped` or `restarting`: its last write, after its work ended;
/// (b) an `expelled` mark names it;
/// (c) the heartbeat in its place `replaces` it;
/// (d) its `ttl` and the allowance for clocks have passed on our clock since we first saw
///     another incarnation, or a `forced` mark, in its place.
/// A key that is merely gone proves nothing. What has ended stays ended.
///
/// If we never saw the incarnation that the record names, another one in its key may be
/// an older one that the watch of the heartbeats still shows. So it counts for (d) only
/// once a read from the stream's leader, made after the record was seen, has shown that
/// the key does not hold the named one: an incarnation sends a heartbeat before it is
/// given anything.
///
/// Silence counts from when we first saw the revision that a key holds, and ends no
/// session by itself: it makes the leader write the mark of (b) over exactly that
/// revision. Its limit is the heartbeat.ttl that the incarnation states, in heartbeats
/// and record, so workers may differ. Where three or more workers, and more than 30 % of
/// all, are silent together, the store is suspected and the wait is repeated once.
class membership {
public:
  struct options {
    /// Our own heartbeat.ttl, for workers that do not state theirs.
    duration ttl{};
    /// The longest that any worker is known to have stated before; 0: none.
    duration longest_ttl{};
    /// The partitions of a worker that left to restart are kept for so long.
    duration restart_hold{};
    /// After an interruption of the heartbeats' watch no worker is expelled for so long.
    duration grace{};
  };

  enum class change : std::uint8_t {
    joined,
    /// Said goodbye, or its restart took too long.
    left,
    /// Was fenced: a leader wrote a mark.
    lost,
    /// Another incarnation of the same id takes part now.
    replaced,
    /// Wants to give its partitions away.
    drains
  };

  struct news {
    change what = change::joined;
    worker_id who;
  };

  /// Write an `expelled` mark that names this incarnation over exactly this revision (0:
  /// where the key has none).
  struct expel {
    worker_id who;
    partita::nonce nonce;
    revision over;
  };

  /// Read the heartbeat of `who` from the stream's leader; answer with looked() if it
  /// shows which incarnation the key holds, or that it holds none.
  struct look {
    worker_id who;
    /// The incarnation that the key should hold.
    nonce incarnation;
  };

  struct member {
    /// What the heartbeat key holds; `what` says whether `value` means something.
    enum class content : std::uint8_t { nothing, beat, unreadable };
    content what = content::nothing;
    beat value;
    partita::revision revision;
    /// When that was first seen.
    time_point seen_at;
    /// The store seemed to be the reason for the silence: the leader waits until then.
    std::optional<time_point> patience_until;
    /// An expel was asked for at this revision.
    bool asked = false;

    /// The incarnation that the record names, and whether the record names partitions.
    std::optional<partita::nonce> named;
    bool named_holds = false;
    /// An incarnation that was given something, as far as is known.
    struct owner {
      /// The heartbeat.ttl that it stated.
      duration ttl{};
      /// It was seen in its key, so whatever else we see there is newer.
      bool seen = false;
      /// Its record vanished: only its end shows that it does not work.
      bool unrecorded = false;
      /// When to check again whether the key holds another one.
      std::optional<time_point> look_at;
      /// Since when another incarnation, a forced mark, or nothing (by a look) stands in
      /// its place.
      std::optional<time_point> replaced_at;
    };
    /// The one that the record names, and those whose record vanished; until they end.
    std::map<partita::nonce, owner> owners;
    /// Incarnations of this id that have ended.
    std::set<partita::nonce> ended;
    /// Counted among those that take part.
    bool counted = false;

    /// The key holds that at another revision.
    void shows(content now, partita::revision at, time_point first_seen);
  };

  /// What a tick brings.
  struct outcome {
    std::vector<membership::news> news;
    std::vector<expel> expels;
    std::vector<look> looks;
    /// Workers of which an incarnation has ended by time.
    std::vector<worker_id> ended;
  };

  explicit membership(options opts);
  /// Not copyable: it refers to its members.
  membership(membership&&) = default;

  // -- what the heartbeats show ---------------------------------------------------------

  /// `seen_at`: when this revision was first seen, on our clock.
  std::vector<news> beat_shown(const worker_id& who, revision at, const beat& what,
                               time_point seen_at, time_point now);
  std::vector<news> key_unreadable(const worker_id& who, revision at, time_point seen_at,
                                   time_point now);
  /// `mark`: the revision of the delete mark, or 0.
  std::vector<news> key_gone(const worker_id& who, revision mark, time_point seen_at,
                             time_point now);
  /// All heartbeats have been shown; `seen_at`: when that was so for the first time.
  void replayed(time_point seen_at, time_point now);
  void interrupted();
  /// The stream's leader has answered a look: the key holds `found`; empty: none. If that
  /// is not `incarnation`, no later heartbeat of `incarnation` can be acknowledged.
  void looked(const worker_id& who, const nonce& incarnation, const nonce& found,
              time_point now);

  // -- what the records say -------------------------------------------------------------

  /// The record of `who` vanished, and this incarnation may still work by it.
  void unrecorded(const worker_id& who, const nonce& incarnation,
                  const session_terms& terms);
  /// The record of `who` names this incarnation; `holds`: with partitions.
  std::vector<news> named(const worker_id& who, const nonce& incarnation,
                          const session_terms& terms, bool holds, time_point now);

  // -- time -----------------------------------------------------------------------------

  outcome tick(time_point now);
  std::optional<time_point> wake_at() const { return wakes_.first(); }

  // -- questions ------------------------------------------------------------------------

  /// Whether this incarnation certainly does not work any more; nothing else decides
  /// this. A `forced` one may still work, until (d) says that it does not.
  bool ended(const worker_id& who, const nonce& incarnation, time_point now) const;
  /// How long an incarnation that is not known, as its entries were lost, may work
  /// without a heartbeat that we see: the longest heartbeat.ttl that was ever stated, and
  /// the allowance for clocks.
  duration longest_silence() const;
  /// The heartbeat of the incarnation that is alive now, if any.
  const beat* living(const worker_id& who) const;
  /// The greatest format of records that all that are alive read.
  std::uint64_t record_format() const;
  /// The newest heartbeat or mark, if any; and the revision of the key.
  const member* find(const worker_id& who) const;
  /// Whether it may own partitions: it is alive and does not drain, or it restarts, or
  /// its key shows no heartbeat but its record gives it something.
  bool takes_part(const worker_id& who, time_point now) const;
  /// Whether it is alive and gives its partitions away.
  bool drains(const worker_id& who) const;
  /// Whether its key holds a mark: it left, or was fenced.
  bool said_goodbye(const worker_id& who) const;
  const std::map<worker_id, member, by_number>& members() const { return members_; }

private:
  duration ttl_of(const session_terms& x) const;
  void note_terms(const session_terms& x);
  /// The ttl of the incarnation in the key of `x`, else of the one that its record names.
  duration shown_ttl(const member& x) const;
  bool has_ended(const member& x, const nonce& incarnation, time_point now) const;
  void look_at_owners(member& x);
  /// Whether what is shown in the place of this owner may be older, or is nothing.
  bool is_doubtful(const member& x, const nonce& incarnation,
                   const member::owner& y) const;
  std::vector<news> recount(const worker_id& who, member& x, time_point now,
                            change if_gone);
  bool takes_part(const member& x, time_point now) const;
  std::optional<time_point> silent_at(const member& x) const;
  /// When time alone changes something about `x`.
  std::optional<time_point> wake_of(const member& x) const;
  void note_all();
  bool store_suspected(time_point now) const;

  options options_;
  std::map<worker_id, member, by_number> members_;
  deadlines<member> wakes_;
  /// Since when all heartbeats are seen; empty while they are not.
  std::optional<time_point> complete_since_;
  bool was_interrupted_ = false;
  std::optional<time_point> grace_until_;
  duration longest_ttl_{};
};

} // namespace partita::core
