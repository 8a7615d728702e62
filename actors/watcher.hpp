// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/actors/shell.hpp"
#include "partita/core/worker/record_follower.hpp"

#include <caf/typed_event_based_actor.hpp>

namespace partita {

struct watcher_options {
  partita::worker_id worker_id;
  /// The incarnation that records must be addressed to.
  nonce self;
  /// What the record that the watcher creates states of the incarnation.
  session_terms terms;
  /// How long the watch may be silent.
  std::chrono::milliseconds silence{6000};
  std::chrono::milliseconds pause{100};
  bool exclusive = true;
  /// A watcher before this one has reported a record of this incarnation.
  bool established = false;
  std::uint64_t run = 0;
  worker_clock clock;
};

struct watcher_state {
  watcher_options options;
  std::optional<core::record_follower> follower;
  bucket_actor bucket;
  supervisor_actor parent;
  partita::alarm alarm;
  trouble_reports troubles;
  invalid_entries invalid;
  static inline constexpr const char* name = "partita.watcher";
};

/// Follows this worker's record and passes what counts to `parent`; see
/// core::record_follower.
watcher_actor::behavior_type watcher(watcher_actor::stateful_pointer<watcher_state> self,
                                     watcher_options options, bucket_actor records,
                                     supervisor_actor parent);

} // namespace partita
