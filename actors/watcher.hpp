#pragma once

#include "partita/actors/shell.hpp"
#include "partita/core/record_follower.hpp"

#include <caf/typed_event_based_actor.hpp>

namespace partita {

struct watcher_options {
  partita::worker_id worker_id;
  /// The incarnation that records must be addressed to.
  nonce self;
  /// After a sleep of this length nothing is believed before it was read again.
  std::chrono::milliseconds asleep_after{6000};
  std::chrono::milliseconds pause{100};
  /// What the worker has applied of the records of this incarnation.
  stamp applied;
  std::uint64_t run = 0;
};

struct watcher_state {
  watcher_options options;
  std::optional<core::record_follower> follower;
  bucket_actor bucket;
  supervisor_actor parent;
  partita::alarm alarm;
  invalid_entries invalid;
  static inline constexpr const char* name = "partita.watcher";
};

/// Follows this worker's record and hands `parent` what counts; see
/// core::record_follower.
watcher_actor::behavior_type watcher(watcher_actor::stateful_pointer<watcher_state> self,
                                     watcher_options options, bucket_actor records,
                                     supervisor_actor parent);

} // namespace partita
