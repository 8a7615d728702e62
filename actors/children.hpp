// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/actors/shell.hpp"
#include "partita/core/worker/id_claim.hpp"
#include "partita/core/worker/lease.hpp"
#include "partita/core/worker/record_follower.hpp"
#include "partita/core/worker/roster.hpp"
#include "partita/core/worker/session.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <map>
#include <optional>
#include <string>
#include <vector>

/// The children of every worker; the leader's calculator is in calculator.hpp. Each decides
/// nothing itself: its core has the states and transitions. `run` numbers the runs of a
/// child in what it reports to its parent.
namespace partita {

/// What their states have in common.
template <class Options>
struct child_state {
  Options options;
  bucket_actor bucket;
  supervisor_actor parent;
  partita::alarm alarm;
  trouble_reports troubles;
  invalid_entries invalid;

  void begin(Options with, bucket_actor in, supervisor_actor of) {
    options = std::move(with);
    bucket = std::move(in);
    parent = std::move(of);
  }
};

// -- the registrar ----------------------------------------------------------------------

struct registrar_options {
  /// Ids are `<prefix>-<number>`.
  std::string prefix;
  core::id_claim::options claim;
  std::uint64_t run = 0;
  worker_clock clock;
};

struct registrar_state : child_state<registrar_options> {
  std::optional<core::id_claim> claim;
  /// Unix seconds of the first write, for people.
  std::int64_t claimed_at = 0;
  caf::typed_response_promise<id_released> leaving;
  static inline constexpr const char* name = "partita.registrar";
};

/// Claims a stable id, reports it to `parent`, and renews it until it is released or
/// lost; see core::id_claim for which id.
registrar_actor::behavior_type
registrar(registrar_actor::stateful_pointer<registrar_state> self,
          registrar_options options, bucket_actor stable_ids, supervisor_actor parent);

// -- the heartbeat ----------------------------------------------------------------------

struct heartbeat_actor_options {
  partita::worker_id worker_id;
  core::session::options session;
  std::map<std::string, std::string> settings;
  std::uint64_t run = 0;
  worker_clock clock;
};

struct heartbeat_state : child_state<heartbeat_actor_options> {
  std::optional<core::session> session;
  caf::typed_response_promise<goodbye_said> leaving;
  static inline constexpr const char* name = "partita.heartbeat";
};

/// Sends a heartbeat at once and then periodically; reports to `parent` when the session
/// starts, how long it lasts and when it is over; see core::session.
heartbeat_actor::behavior_type
heartbeat(heartbeat_actor::stateful_pointer<heartbeat_state> self,
          heartbeat_actor_options options, bucket_actor heartbeats,
          supervisor_actor parent);

// -- the elector ------------------------------------------------------------------------

struct elector_options {
  partita::worker_id worker_id;
  /// Names this candidate in the leader key.
  nonce self;
  std::chrono::milliseconds lease{3000};
  /// A leader whose process is gone for this long is replaced; 0: not before its lease
  /// runs out, and this worker cannot be probed as a leader either.
  std::chrono::milliseconds probe_grace{0};
  std::uint64_t seed = 0;
  std::uint64_t run = 0;
  worker_clock clock;
};

struct elector_state : child_state<elector_options> {
  core::lease lease{{}};
  core::leader_probe probe{{}};
  store_actor store;
  worker_id leader;
  /// What the watch shows of the key, if another candidate wrote it.
  nonce rival;
  revision rival_at;
  /// The leader whose end was logged last.
  nonce reported_gone;
  /// The replay that is under way has shown the key.
  bool shown_in_replay = false;
  caf::typed_response_promise<resigned> leaving;
  static inline constexpr const char* name = "partita.elector";
};

/// Campaigns for the leader key and reports every change to `parent`; see core::lease.
/// While it leads, `store` serves its nonce; as a standby it probes the leader's:
/// core::leader_probe says when a leader is gone.
elector_actor::behavior_type elector(elector_actor::stateful_pointer<elector_state> self,
                                     elector_options options, bucket_actor election,
                                     supervisor_actor parent, store_actor store);

// -- the watcher ------------------------------------------------------------------------

struct watcher_options {
  partita::worker_id worker_id;
  core::record_follower::options record;
  std::uint64_t run = 0;
  worker_clock clock;
};

struct watcher_state : child_state<watcher_options> {
  std::optional<core::record_follower> follower;
  static inline constexpr const char* name = "partita.watcher";
};

/// Follows this worker's record and passes what counts to `parent`; see
/// core::record_follower.
watcher_actor::behavior_type watcher(watcher_actor::stateful_pointer<watcher_state> self,
                                     watcher_options options, bucket_actor records,
                                     supervisor_actor parent);

// -- the roster -------------------------------------------------------------------------

struct roster_options {
  /// The worker that this roster belongs to.
  worker_id self;
  /// The longest heartbeat.ttl that is known: only a longer one is reported.
  std::chrono::milliseconds longest_ttl{0};
  std::uint64_t run = 0;
  worker_clock clock;
};

struct roster_state : child_state<roster_options> {
  std::optional<core::roster> roster;
  /// Addresses, not handles: the roster must not keep a listener alive.
  std::vector<caf::actor_addr> listeners;
  static inline constexpr const char* name = "partita.roster";
};

/// Follows all heartbeats and remembers when it first saw what each holds now.
roster_actor::behavior_type roster(roster_actor::stateful_pointer<roster_state> self,
                                   roster_options options, bucket_actor heartbeats,
                                   supervisor_actor parent);

} // namespace partita
