#pragma once

#include "partita/actors/shell.hpp"
#include "partita/core/lease.hpp"

#include <caf/typed_event_based_actor.hpp>

namespace partita {

struct elector_options {
  partita::worker_id worker_id;
  /// Names this candidate in the leader key.
  nonce self;
  std::chrono::milliseconds lease{3000};
  std::uint64_t seed = 0;
  /// Numbers this actor's run in what it reports.
  std::uint64_t run = 0;
  timepiece clock;
};

struct elector_state {
  elector_options options;
  core::lease lease{{}};
  bucket_actor bucket;
  supervisor_actor parent;
  partita::alarm alarm;
  invalid_entries invalid;
  worker_id leader;
  /// The replay that is under way has shown the key.
  bool shown_in_replay = false;
  caf::typed_response_promise<resigned> leaving;
  static inline constexpr const char* name = "partita.elector";
};

/// Campaigns for the leader key and tells `parent` about every change. Decides nothing
/// itself: core::lease has the states and transitions.
elector_actor::behavior_type elector(elector_actor::stateful_pointer<elector_state> self,
                                     elector_options options, bucket_actor election,
                                     supervisor_actor parent);

} // namespace partita
