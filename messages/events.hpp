// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/messages/message.hpp"
#include "partita/messages/options.hpp"
#include "partita/messages/record.hpp"

#include <chrono>
#include <string>
#include <vector>

/// What a worker sends to its listeners and answers about itself. The supervisor fills in `group`,
/// the name of the worker's group: a host may run workers of several.
namespace partita {

/// The state of a worker; core/worker/life.hpp draws the allowed changes.
enum class worker_state : std::uint8_t {
  init,
  claiming_id,
  election,
  waiting_assignment,
  stable,
  scaling,
  rebalancing,
  emergency,
  degraded,
  shutdown,
  count
};

const char* to_string(worker_state x);

/// This worker holds its stable id now.
struct worker_id_claimed {
  partita::worker_id worker_id;
  std::string group = {};
  PARTITA_MESSAGE(worker_id_claimed, x.worker_id, x.group)
};

/// The worker's state changed.
struct state_changed {
  partita::worker_id worker_id;
  worker_state from = worker_state::init;
  worker_state to = worker_state::init;
  std::string reason;
  std::string group = {};
  PARTITA_MESSAGE(state_changed, x.worker_id, x.from, x.to, x.reason, x.group)
};

/// From the elector: this worker leads, or has lost leadership.
struct leadership_changed {
  partita::worker_id worker_id;
  bool leading = false;
  std::string reason;
  std::string group = {};
  PARTITA_MESSAGE(leadership_changed, x.worker_id, x.leading, x.reason, x.group)
};

/// This worker's calculator starts to act, under this epoch.
struct calculator_adopted {
  partita::worker_id worker_id;
  partita::epoch epoch;
  std::string group = {};
  PARTITA_MESSAGE(calculator_adopted, x.worker_id, x.epoch, x.group)
};

/// What this worker owns from now on. `added` and `removed` say what changed since the
/// assignment that its listeners received before.
struct assignment_changed {
  partita::worker_id worker_id;
  partita::version version;
  partita::epoch epoch;
  partita::lifecycle lifecycle = lifecycle::empty;
  std::vector<grant> partitions;
  std::vector<partition> added;
  std::vector<partition> removed;
  std::string group = {};
  PARTITA_MESSAGE(assignment_changed, x.worker_id, x.version, x.epoch, x.lifecycle,
                  x.partitions, x.added, x.removed, x.group)
};

// -- work -------------------------------------------------------------------------------

/// Work on these from now on, each under its fencing token. Sent again, with a greater
/// token, for a partition that the listener has already: from then on the new token
/// counts. Each grant's reason says why it was given.
struct partitions_assigned {
  partita::worker_id worker_id;
  /// Of the record that grants them.
  stamp granted_by;
  std::vector<grant> partitions;
  /// False with `ownership = "available"`: another worker may own them at the same time.
  bool exclusive = true;
  std::string group = {};
  PARTITA_MESSAGE(partitions_assigned, x.worker_id, x.granted_by, x.partitions,
                  x.exclusive, x.group)
};

/// Stop working on these and answer once no work on them goes on: others get them only
/// then. A listener that has not answered after `time_left` is reported, and its worker
/// is fenced when the hand-off's time is over.
struct partitions_revoked {
  partita::worker_id worker_id;
  /// With the tokens under which they were assigned, and why they are taken away.
  std::vector<grant> partitions;
  std::chrono::milliseconds time_left{0};
  std::string group = {};
  PARTITA_MESSAGE(partitions_revoked, x.worker_id, x.partitions, x.time_left, x.group)
};

/// The right to work on these is gone: others may own them after `time_left`. Stop at
/// once and answer once no work goes on; until then this worker takes part in nothing.
struct partitions_lost {
  partita::worker_id worker_id;
  std::vector<grant> partitions;
  std::string why;
  std::chrono::milliseconds time_left{0};
  std::string group = {};
  PARTITA_MESSAGE(partitions_lost, x.worker_id, x.partitions, x.why, x.time_left, x.group)
};

/// Work is allowed until `until` on the worker's clock, unless this is sent again. Comes
/// before the partitions that depend on it; never with `ownership = "available"`.
struct session_valid {
  std::chrono::steady_clock::time_point until;
  PARTITA_MESSAGE(session_valid, x.until)
};

/// Answer to partitions_revoked and partitions_lost.
PARTITA_SIGNAL(work_stopped);

// -- trouble ----------------------------------------------------------------------------

enum class alert_level : std::uint8_t { info, warn, error, critical, count };

const char* to_string(alert_level x);

/// Something that an operator should know; sent again when it lasts and its level grows,
/// and once more, with `over`, when it has passed.
struct alert_raised {
  partita::worker_id worker_id;
  alert_level level = alert_level::info;
  /// Names the kind: "store_away", "work_not_stopped", "control_unknown".
  std::string what;
  /// What was found and what to do.
  std::string why;
  /// How long it has lasted.
  std::chrono::milliseconds age{0};
  bool over = false;
  std::string group = {};
  PARTITA_MESSAGE(alert_raised, x.worker_id, x.level, x.what, x.why, x.age, x.over,
                  x.group)
};

/// The last event that a listener receives. `failure` is empty after a graceful stop;
/// else it says why the worker gave up and what to do.
struct worker_stopped {
  partita::worker_id worker_id;
  std::string failure;
  std::string group = {};
  PARTITA_MESSAGE(worker_stopped, x.worker_id, x.failure, x.group)
};

/// Asks a supervisor how its worker is.
PARTITA_SIGNAL(get_status);

struct worker_status {
  partita::worker_id worker_id;
  worker_state state = worker_state::init;
  std::string state_reason;
  bool leading = false;
  /// The leader that this worker knows of; empty if none.
  partita::worker_id leader;
  /// The record that was applied last.
  stamp applied;
  std::vector<grant> partitions;
  /// How many entries of the store could not be read, since the start.
  std::uint64_t invalid_entries = 0;
  /// How often the state changed, since the start.
  std::uint64_t state_changes = 0;
  /// How often a child actor crashed and was started again.
  std::uint64_t restarts = 0;
  /// The requests to the store that are retried, and why; empty: none.
  std::string store_trouble;
  PARTITA_MESSAGE(worker_status, x.worker_id, x.state, x.state_reason, x.leading,
                  x.leader, x.applied, x.partitions, x.invalid_entries, x.state_changes,
                  x.restarts, x.store_trouble)
};

/// Leaves the group gracefully. Answered once everything is given back, or when the time
/// for it has passed. Sent again with another mode while it leaves: drain gives way to
/// restart and stop.
struct stop_worker {
  leave_mode mode = leave_mode::configured;
  PARTITA_MESSAGE(stop_worker, x.mode)
};

} // namespace partita
