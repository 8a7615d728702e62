// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/messages/entries.hpp"
#include "partita/messages/events.hpp"
#include "partita/messages/message.hpp"
#include "partita/messages/record.hpp"

#include <map>
#include <string>
#include <vector>

/// What the actors of one worker send each other. `run` numbers the run of the child that
/// sends or receives: a message from an earlier run is recognised and dropped.
namespace partita {

/// A message of `run` that has nothing but its reason, for people.
#define PARTITA_REPORT(type)                                                             \
  struct type {                                                                          \
    std::uint64_t run = 0;                                                               \
    std::string why;                                                                     \
    PARTITA_MESSAGE(type, x.run, x.why)                                                  \
  }

/// A timer ran out. Timers cannot be taken back: `run` is the incarnation that set it,
/// `ticket` tells the newest from older ones.
struct wake {
  std::uint64_t run = 0;
  std::uint64_t ticket = 0;
  PARTITA_MESSAGE(wake, x.run, x.ticket)
};

// -- registrar --------------------------------------------------------------------------

/// The id is ours.
struct id_claimed {
  std::uint64_t run = 0;
  partita::worker_id worker_id;
  PARTITA_MESSAGE(id_claimed, x.run, x.worker_id)
};

/// The id is not ours (any more). `fatal`: no id could be had in time; `why` says what to
/// do.
struct id_lost {
  std::uint64_t run = 0;
  std::string why;
  bool fatal = false;
  PARTITA_MESSAGE(id_lost, x.run, x.why, x.fatal)
};

PARTITA_SIGNAL(release_id);
PARTITA_SIGNAL(id_released);

// -- heartbeat --------------------------------------------------------------------------

/// The first heartbeat is in the store: the group sees this incarnation.
struct session_started {
  std::uint64_t run = 0;
  PARTITA_MESSAGE(session_started, x.run)
};

/// A heartbeat was acknowledged: this incarnation may work until `until` on the worker's
/// clock. Sent for the first heartbeat too, after session_started.
struct session_extended {
  std::uint64_t run = 0;
  std::chrono::steady_clock::time_point until;
  PARTITA_MESSAGE(session_extended, x.run, x.until)
};

/// The watch of the record has shown what there is: what the leader writes arrives.
struct record_followed {
  std::uint64_t run = 0;
  PARTITA_MESSAGE(record_followed, x.run)
};

/// A request to the store fails and is retried.
struct store_trouble {
  std::uint64_t run = 0;
  /// The request, in words.
  std::string what;
  /// The last reason; empty: it works.
  std::string why;
  PARTITA_MESSAGE(store_trouble, x.run, x.what, x.why)
};

/// Another incarnation is alive under our id; the session starts once it has ended.
PARTITA_REPORT(session_waits);

/// This incarnation has ended: another one, or a mark, stands in its place.
PARTITA_REPORT(session_over);

/// What of the record has been received and applied: for each partition that `applied`
/// takes away either work has ended, or it stands in `stopping`.
struct record_progress {
  stamp seen;
  stamp applied;
  std::vector<partition> stopping;
  /// The worker wants to leave and gives its partitions away first.
  bool draining = false;
  PARTITA_MESSAGE(record_progress, x.seen, x.applied, x.stopping, x.draining)
};

/// The last heartbeat is the goodbye: `stopped`, or `restarting` to keep the partitions.
struct say_goodbye {
  bool restarting = false;
  PARTITA_MESSAGE(say_goodbye, x.restarting)
};

/// `acknowledged`: the store has the goodbye.
struct goodbye_said {
  bool acknowledged = false;
  PARTITA_MESSAGE(goodbye_said, x.acknowledged)
};

// -- elector ----------------------------------------------------------------------------

PARTITA_REPORT(elected);
PARTITA_REPORT(deposed);

/// The worker that holds the leader key; empty: none.
struct leader_seen {
  std::uint64_t run = 0;
  partita::worker_id leader;
  PARTITA_MESSAGE(leader_seen, x.run, x.leader)
};

PARTITA_SIGNAL(resign);
PARTITA_SIGNAL(resigned);

struct abdicate {
  std::string why;
  PARTITA_MESSAGE(abdicate, x.why)
};

/// What every heartbeat says from now on (`beat::settings`).
struct shared_settings {
  std::map<std::string, std::string> values;
  PARTITA_MESSAGE(shared_settings, x.values)
};

/// How soon this worker takes the place of a leader whose process is gone: 1 first, then
/// 2 and 3; 0: it does not look.
struct stand_by {
  std::uint32_t rank = 0;
  PARTITA_MESSAGE(stand_by, x.rank)
};

// -- watcher ----------------------------------------------------------------------------

/// A newer record, addressed to this incarnation.
struct record_received {
  std::uint64_t run = 0;
  partita::record record;
  PARTITA_MESSAGE(record_received, x.run, x.record)
};

/// This worker's record vanished or cannot be read.
PARTITA_REPORT(record_lost);

// -- roster -----------------------------------------------------------------------------

/// What the heartbeats show. Until `replayed`, and after `interrupted` until the next
/// `replayed`, it is not complete.
struct roster_news {
  enum class kind : std::uint8_t {
    /// `value`, at `revision`, in the key of `who`.
    beat,
    /// The key of `who` holds something that is no heartbeat.
    unreadable,
    /// The key of `who` has no value (any more); a mere absence proves nothing.
    gone,
    replayed,
    interrupted,
    /// The bucket was made again; what was known is void.
    bucket_changed
  };
  kind what = kind::beat;
  partita::worker_id who;
  partita::revision revision;
  beat value;
  /// When this roster first saw that revision (or absence), on the worker's clock.
  std::chrono::steady_clock::time_point seen_at;
  /// The server's wall clock at that write; with replayed and bucket_changed: when the
  /// bucket was made. Nanoseconds since 1970.
  std::int64_t stored_at_ns = 0;
  /// With bucket_changed: what showed it.
  std::string why;
  PARTITA_MESSAGE(roster_news, x.what, x.who, x.revision, x.value, x.seen_at,
                  x.stored_at_ns, x.why)
};

/// An incarnation states a longer heartbeat.ttl than this roster has seen before.
struct longer_ttl_seen {
  std::uint64_t run = 0;
  std::chrono::milliseconds ttl{0};
  PARTITA_MESSAGE(longer_ttl_seen, x.run, x.ttl)
};

// -- calculator -------------------------------------------------------------------------

/// The calculator holds this epoch and knows what its predecessors did. It acts once this
/// is answered; see may_act.
struct adopted {
  std::uint64_t run = 0;
  partita::epoch epoch;
  PARTITA_MESSAGE(adopted, x.run, x.epoch)
};

/// The answer to adopted: nothing happened since the calculator was made that would make
/// its worker doubt what the store showed meanwhile.
PARTITA_SIGNAL(may_act);

/// What the calculator is doing: stable, scaling, rebalancing or emergency.
struct phase_changed {
  std::uint64_t run = 0;
  worker_state phase = worker_state::stable;
  std::string why;
  PARTITA_MESSAGE(phase_changed, x.run, x.phase, x.why)
};

/// Another leader has a greater epoch, or the bucket of this one's epoch was replaced.
struct superseded {
  std::uint64_t run = 0;
  /// 0: not known.
  partita::epoch by;
  /// For people.
  std::string why;
  PARTITA_MESSAGE(superseded, x.run, x.by, x.why)
};

/// A directive asks this leader to step down (docs/protocol.md).
PARTITA_REPORT(stepped_down);

/// The operators' directives are not known, and the calculator plans without them; empty:
/// they are known again.
PARTITA_REPORT(control_unknown);

/// How settings differ between workers; empty: they do not differ any more.
PARTITA_REPORT(settings_differ);

/// From a partition source: everything that the group works on.
struct partition_list {
  std::vector<partition> partitions;
  /// For people: what of the source could not be used, and what to do; empty: nothing.
  std::string trouble = {};
  /// Tells lists apart in `settings_differ`; empty: not compared.
  std::string digest = {};
  PARTITA_MESSAGE(partition_list, x.partitions, x.trouble, x.digest)
};

/// From a partition source: the list is unavailable (now). What it sent before stays in
/// force. Never sent for a group that has no partitions: that is an empty list.
struct partitions_unavailable {
  /// What was found and what to do.
  std::string why;
  PARTITA_MESSAGE(partitions_unavailable, x.why)
};

/// INTERNAL to the file source: from the thread that watches the file; see
/// file_watch::listener.
struct file_touched {
  std::string why_not;
  PARTITA_MESSAGE(file_touched, x.why_not)
};

/// What is wrong with the list of partitions; empty: nothing, or nothing any more.
PARTITA_REPORT(source_trouble);

// -- all --------------------------------------------------------------------------------

/// An entry of the store could not be read. Reported once for each key and text.
struct entry_invalid {
  std::string bucket;
  std::string key;
  std::string why;
  PARTITA_MESSAGE(entry_invalid, x.bucket, x.key, x.why)
};

} // namespace partita
