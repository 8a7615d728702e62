#pragma once

#include "partita/messages/record.hpp"

#include <chrono>
#include <string>
#include <vector>

/// What a worker tells its listeners and answers about itself.
namespace partita {

/// Where a worker stands in its life; core/worker/lifecycle.hpp draws the allowed changes.
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
  shutdown
};

const char* to_string(worker_state x);

/// This worker holds its stable id now.
struct worker_id_claimed {
  partita::worker_id worker_id;

  friend bool operator==(const worker_id_claimed&, const worker_id_claimed&) = default;
};

/// The worker's state changed.
struct state_changed {
  partita::worker_id worker_id;
  worker_state from = worker_state::init;
  worker_state to = worker_state::init;
  std::string reason;

  friend bool operator==(const state_changed&, const state_changed&) = default;
};

/// The elector's word: this worker leads, or does so no more.
struct leadership_changed {
  partita::worker_id worker_id;
  bool leading = false;
  std::string reason;

  friend bool operator==(const leadership_changed&, const leadership_changed&) = default;
};

/// This worker's calculator starts to act, under this epoch.
struct calculator_adopted {
  partita::worker_id worker_id;
  partita::epoch epoch;

  friend bool operator==(const calculator_adopted&, const calculator_adopted&) = default;
};

/// What this worker owns from now on. `added` and `removed` say what changed since the
/// assignment that its listeners heard before.
struct assignment_changed {
  partita::worker_id worker_id;
  partita::version version;
  partita::epoch epoch;
  partita::lifecycle lifecycle = lifecycle::empty;
  std::vector<grant> partitions;
  std::vector<partition> added;
  std::vector<partition> removed;

  friend bool operator==(const assignment_changed&, const assignment_changed&) = default;
};

// -- work --------------------------------------------------------------------------------

/// Work on these from now on, each under its fencing token. Said again, with a greater
/// token, for a partition that the listener has already: from then on the new token
/// counts. Each grant's reason says why it was given.
struct partitions_assigned {
  partita::worker_id worker_id;
  /// Of the record that grants them.
  stamp granted_by;
  std::vector<grant> partitions;
  /// False with `ownership = "available"`: another worker may own them at the same time.
  bool exclusive = true;

  friend bool operator==(const partitions_assigned&,
                         const partitions_assigned&) = default;
};

/// Stop working on these and answer once no work on them goes on: others get them only
/// then. Whoever has not answered after `time_left` is reported, and ended as a worker
/// when the hand-off's time is over.
struct partitions_revoked {
  partita::worker_id worker_id;
  /// With the tokens under which they were assigned, and why they are taken away.
  std::vector<grant> partitions;
  std::chrono::milliseconds time_left{0};

  friend bool operator==(const partitions_revoked&, const partitions_revoked&) = default;
};

/// The right to work on these is gone: others may own them after `time_left`. Stop at once
/// and answer once no work goes on; until then this worker takes part in nothing.
struct partitions_lost {
  partita::worker_id worker_id;
  std::vector<grant> partitions;
  std::string why;
  std::chrono::milliseconds time_left{0};

  friend bool operator==(const partitions_lost&, const partitions_lost&) = default;
};

/// Answer to partitions_revoked and partitions_lost.
struct work_stopped {
  friend bool operator==(const work_stopped&, const work_stopped&) = default;
};

// -- trouble -----------------------------------------------------------------------------

enum class alert_level : std::uint8_t { info, warn, error, critical };

const char* to_string(alert_level x);

/// Something that a person should know of; said again when it lasts and its level grows,
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

  friend bool operator==(const alert_raised&, const alert_raised&) = default;
};

/// The last thing that a listener hears. `failure` is empty after a graceful stop; else
/// it says why the worker gave up and what to do.
struct worker_stopped {
  partita::worker_id worker_id;
  std::string failure;

  friend bool operator==(const worker_stopped&, const worker_stopped&) = default;
};

/// Asks a supervisor how its worker is.
struct get_status {
  friend bool operator==(const get_status&, const get_status&) = default;
};

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

  friend bool operator==(const worker_status&, const worker_status&) = default;
};

/// How a worker leaves (docs/protocol.md).
enum class leave_mode : std::uint8_t {
  /// As the worker's options say.
  configured,
  /// Its partitions move to others first, one by one.
  drain,
  /// Its partitions are kept for whoever comes back under its id soon.
  restart,
  /// At once; others get its partitions.
  stop
};

const char* to_string(leave_mode x);

/// Leaves the group gracefully. Answered once everything is given back, or when the time
/// for it has passed. Said again with another mode while it leaves: drain gives way to
/// restart and stop.
struct stop_worker {
  leave_mode mode = leave_mode::configured;

  friend bool operator==(const stop_worker&, const stop_worker&) = default;
};

#define PARTITA_INSPECT(type, ...)                                                       \
  template <class Inspector>                                                             \
  auto inspect(Inspector& f, type& x) {                                                  \
    return f(caf::meta::type_name(#type), __VA_ARGS__);                                  \
  }

PARTITA_INSPECT(worker_id_claimed, x.worker_id)
PARTITA_INSPECT(state_changed, x.worker_id, x.from, x.to, x.reason)
PARTITA_INSPECT(leadership_changed, x.worker_id, x.leading, x.reason)
PARTITA_INSPECT(calculator_adopted, x.worker_id, x.epoch)
PARTITA_INSPECT(assignment_changed, x.worker_id, x.version, x.epoch, x.lifecycle,
                x.partitions, x.added, x.removed)
PARTITA_INSPECT(partitions_assigned, x.worker_id, x.granted_by, x.partitions, x.exclusive)
PARTITA_INSPECT(partitions_revoked, x.worker_id, x.partitions, x.time_left)
PARTITA_INSPECT(partitions_lost, x.worker_id, x.partitions, x.why, x.time_left)
PARTITA_INSPECT(alert_raised, x.worker_id, x.level, x.what, x.why, x.age, x.over)
PARTITA_INSPECT(stop_worker, x.mode)
PARTITA_INSPECT(worker_stopped, x.worker_id, x.failure)
PARTITA_INSPECT(worker_status, x.worker_id, x.state, x.state_reason, x.leading, x.leader,
                x.applied, x.partitions, x.invalid_entries, x.state_changes, x.restarts)

#undef PARTITA_INSPECT

template <class Inspector>
auto inspect(Inspector& f, get_status&) {
  return f(caf::meta::type_name("get_status"));
}

template <class Inspector>
auto inspect(Inspector& f, work_stopped&) {
  return f(caf::meta::type_name("work_stopped"));
}

} // namespace partita
