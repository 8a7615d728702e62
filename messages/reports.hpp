#pragma once

#include "partita/messages/events.hpp"
#include "partita/messages/record.hpp"

#include <string>
#include <vector>

/// What the actors of one worker tell each other. `run` numbers the run of the child that
/// speaks, or that is spoken to: a message from an earlier run is recognised and dropped.
namespace partita {

#define PARTITA_REPORT(type, ...)                                                        \
  friend bool operator==(const type&, const type&) = default;                            \
  template <class Inspector>                                                             \
  friend auto inspect(Inspector& f, type& x) {                                           \
    static_cast<void>(x);                                                                \
    return f(caf::meta::type_name(#type) __VA_OPT__(, ) __VA_ARGS__);                    \
  }

/// A timer ran out. Timers cannot be taken back: `run` is the incarnation that set it,
/// `ticket` tells the newest from older ones.
struct wake {
  std::uint64_t run = 0;
  std::uint64_t ticket = 0;
  PARTITA_REPORT(wake, x.run, x.ticket)
};

// -- registrar --------------------------------------------------------------------------

/// The id is ours.
struct id_claimed {
  std::uint64_t run = 0;
  partita::worker_id worker_id;
  PARTITA_REPORT(id_claimed, x.run, x.worker_id)
};

/// The id is not ours (any more). `fatal`: no id could be had in time; `why` says what to
/// do.
struct id_lost {
  std::uint64_t run = 0;
  std::string why;
  bool fatal = false;
  PARTITA_REPORT(id_lost, x.run, x.why, x.fatal)
};

struct release_id {
  PARTITA_REPORT(release_id)
};

struct id_released {
  PARTITA_REPORT(id_released)
};

// -- heartbeat --------------------------------------------------------------------------

/// The first beat is in the store: the group sees this incarnation.
struct session_started {
  std::uint64_t run = 0;
  PARTITA_REPORT(session_started, x.run)
};

/// This incarnation has ended: another one, or a mark, stands in its place.
struct session_over {
  std::uint64_t run = 0;
  std::string why;
  PARTITA_REPORT(session_over, x.run, x.why)
};

/// What of the record has been received and applied.
struct record_progress {
  stamp seen;
  stamp applied;
  std::vector<partition> stopping;
  PARTITA_REPORT(record_progress, x.seen, x.applied, x.stopping)
};

struct say_goodbye {
  PARTITA_REPORT(say_goodbye)
};

/// `acknowledged`: the store has the goodbye.
struct goodbye_said {
  bool acknowledged = false;
  PARTITA_REPORT(goodbye_said, x.acknowledged)
};

// -- elector ----------------------------------------------------------------------------

struct elected {
  std::uint64_t run = 0;
  std::string why;
  PARTITA_REPORT(elected, x.run, x.why)
};

struct deposed {
  std::uint64_t run = 0;
  std::string why;
  PARTITA_REPORT(deposed, x.run, x.why)
};

/// Who holds the leader key; empty: nobody.
struct leader_seen {
  std::uint64_t run = 0;
  partita::worker_id leader;
  PARTITA_REPORT(leader_seen, x.run, x.leader)
};

struct resign {
  PARTITA_REPORT(resign)
};

struct resigned {
  PARTITA_REPORT(resigned)
};

struct abdicate {
  std::string why;
  PARTITA_REPORT(abdicate, x.why)
};

// -- watcher ----------------------------------------------------------------------------

/// A newer record, addressed to this incarnation.
struct record_received {
  std::uint64_t run = 0;
  partita::record record;
  PARTITA_REPORT(record_received, x.run, x.record)
};

/// This worker's record vanished or cannot be read.
struct record_lost {
  std::uint64_t run = 0;
  std::string why;
  PARTITA_REPORT(record_lost, x.run, x.why)
};

// -- calculator -------------------------------------------------------------------------

/// The calculator has the power of this epoch and knows what its predecessors did.
struct adopted {
  std::uint64_t run = 0;
  partita::epoch epoch;
  PARTITA_REPORT(adopted, x.run, x.epoch)
};

/// What the calculator is doing: stable, scaling, rebalancing or emergency.
struct phase_changed {
  std::uint64_t run = 0;
  worker_state phase = worker_state::stable;
  std::string why;
  PARTITA_REPORT(phase_changed, x.run, x.phase, x.why)
};

/// Another leader has a greater epoch.
struct superseded {
  std::uint64_t run = 0;
  partita::epoch by;
  PARTITA_REPORT(superseded, x.run, x.by)
};

/// From a partition source: everything that the group works on.
struct partition_list {
  std::vector<partition> partitions;
  PARTITA_REPORT(partition_list, x.partitions)
};

// -- all --------------------------------------------------------------------------------

/// An entry of the store could not be read. Said once for each key and text.
struct entry_invalid {
  std::string bucket;
  std::string key;
  std::string why;
  PARTITA_REPORT(entry_invalid, x.bucket, x.key, x.why)
};

#undef PARTITA_REPORT

} // namespace partita
