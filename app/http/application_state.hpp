// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/actors/worker_clock.hpp"
#include "partita/app/http/event_ring.hpp"
#include "partita/core/sidecar/work_ledger.hpp"
#include "partita/messages/consuming.hpp"
#include "partita/messages/interfaces.hpp"
#include "partita/messages/message.hpp"

#include <caf/actor.hpp>
#include <caf/fwd.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

/// The messages between the HTTP server and the application state, which serves an application
/// that polls instead of listening.
namespace partita::app {

/// Whether a call is one of the application, which stays present by it, or another one.
enum class caller : std::uint8_t { application, other };

/// One answer for all that wait for it.
template <class Shown>
struct shared_answer {
  std::shared_ptr<const Shown> shown;
  PARTITA_MESSAGE(shared_answer)
};

/// What does the application own? Answered at once unless `known` is the present version:
/// then when it moves, or after `wait`.
struct ask_assignment {
  caller who = caller::other;
  /// 0: none.
  std::uint64_t known = 0;
  std::chrono::milliseconds wait{0};
  PARTITA_MESSAGE(ask_assignment, x.known)
};

struct shown_assignment {
  std::string group;
  partita::worker_id worker_id;
  /// A worker_state, or `absent` while no worker takes part.
  std::string state;
  std::uint64_t version = 0;
  /// The record that was received last.
  stamp record;
  std::uint64_t last_event = 0;
  /// `partitions` may be worked on until then, on the worker's clock; nothing: no deadline.
  std::optional<core::time_point> until;
  std::vector<grant> partitions;
  std::vector<core::work_ledger::ending> revoking;
  consumers_given consumers;
};

/// What came after event `after`? Answered once there is something, or after `wait`.
struct ask_events {
  caller who = caller::other;
  /// 0: from now on.
  std::uint64_t after = 0;
  std::chrono::milliseconds wait{0};
  PARTITA_MESSAGE(ask_events, x.after)
};

struct shown_events {
  /// Nothing will follow: the process ends.
  bool closing = false;
  std::string group;
  /// Some events between were not kept.
  bool missed = false;
  std::uint64_t last_event = 0;
  /// As in shown_assignment. It holds for events above `session_begin`; the session of those
  /// below is over.
  std::optional<core::time_point> until;
  std::uint64_t session_begin = 0;
  std::vector<event_text> events;
};

struct release_item {
  std::string partition;
  version token;
  PARTITA_MESSAGE(release_item, x.partition, x.token)
};

/// Work on these has stopped.
struct release_work {
  std::vector<release_item> items;
  PARTITA_MESSAGE(release_work, x.items)
};

struct released_item {
  std::string partition;
  version token;
  core::work_ledger::release_result result = core::work_ledger::release_result::unknown;
  /// With wrong_token: the right one.
  version right_token;
  PARTITA_MESSAGE(released_item, x.partition, x.token)
};

struct released_work {
  std::vector<released_item> items;
  PARTITA_MESSAGE(released_work, x.items)
};

/// Does the worker still turn over, and how is it?
PARTITA_SIGNAL(ask_life);

struct shown_life {
  /// The worker answered a request in time, or there is no worker.
  bool alive = false;
  std::string why;
  bool absent = true;
  worker_status status;
  /// http.app_ttl is set.
  bool application_wanted = false;
  bool application_present = true;
  bool application_seen = false;
  PARTITA_MESSAGE(shown_life, x.alive, x.why, x.absent)
};

/// The application's process has ended, and no other one will come: its work has ended, too.
PARTITA_SIGNAL(application_died);

/// The process ends: no call waits any longer.
PARTITA_SIGNAL(close_application_state);

/// Sent to the host: the application has called (again), or has not for too long.
struct application_changed {
  bool present = false;
  PARTITA_MESSAGE(application_changed, x.present)
};

/// The APPLICATION STATE: a worker's listener that answers an application's calls.
using application_state_actor = listener_actor::extend<
    caf::replies_to<ask_assignment>::with<shared_answer<shown_assignment>>,
    caf::replies_to<ask_events>::with<shared_answer<shown_events>>,
    caf::replies_to<release_work>::with<released_work>,
    caf::replies_to<ask_life>::with<shown_life>, caf::reacts_to<session_valid>,
    handler<void(consumers_given)>,

    // The worker that the application works for from now on; null: none.
    caf::reacts_to<supervisor_actor>, caf::reacts_to<application_died>,
    caf::reacts_to<close_application_state>,
    // INTERNAL: a call has waited long enough, or the application is overdue.
    caf::reacts_to<wake>>;

struct application_state_options {
  std::string group;
  /// Work that is taken back ends only once the application has released it.
  bool confirm = false;
  /// 0: the application need not call.
  std::chrono::milliseconds app_ttl{0};
  /// Work ends with the worker's session (ownership = "exclusive").
  bool exclusive = true;
  /// Where the numbers of versions and events begin. Microseconds since 1970 keep them apart
  /// from those of an earlier process.
  std::uint64_t first_number = 1;
  worker_clock clock;
};

/// Never blocks.
/// `host` receives application_changed; `reporter` (may be null) the alerts of this actor
/// itself: that the application is silent.
application_state_actor spawn_application_state(caf::actor_system& sys,
                                                application_state_options options,
                                                caf::actor host, listener_actor reporter);

} // namespace partita::app
