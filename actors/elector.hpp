// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/actors/shell.hpp"
#include "partita/core/worker/leader_probe.hpp"
#include "partita/core/worker/lease.hpp"

#include <caf/typed_event_based_actor.hpp>

namespace partita {

struct elector_options {
  partita::worker_id worker_id;
  /// Names this candidate in the leader key.
  nonce self;
  std::chrono::milliseconds lease{3000};
  /// A leader whose process is gone for this long is replaced; 0: not before its lease
  /// runs out, and this worker cannot be probed as a leader either.
  std::chrono::milliseconds probe_grace{0};
  std::uint64_t seed = 0;
  /// Numbers this actor's run in what it reports.
  std::uint64_t run = 0;
  worker_clock clock;
};

struct elector_state {
  elector_options options;
  core::lease lease{{}};
  core::leader_probe probe{{}};
  bucket_actor bucket;
  store_actor store;
  supervisor_actor parent;
  partita::alarm alarm;
  trouble_reports troubles;
  invalid_entries invalid;
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

/// Campaigns for the leader key and reports every change to `parent`. While it leads,
/// `store` serves its nonce; as a standby it probes the leader's. Decides nothing
/// itself: core::lease has the states and transitions, core::leader_probe says when a
/// leader is gone.
elector_actor::behavior_type elector(elector_actor::stateful_pointer<elector_state> self,
                                     elector_options options, bucket_actor election,
                                     store_actor store, supervisor_actor parent);

} // namespace partita
