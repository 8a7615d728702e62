// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/actors/shell.hpp"

#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <map>
#include <vector>

namespace partita {

struct roster_options {
  /// The worker that this roster belongs to.
  worker_id self;
  /// The longest heartbeat.ttl that is known: only a longer one is reported.
  std::chrono::milliseconds longest_ttl{0};
  std::uint64_t run = 0;
  worker_clock clock;
};

struct roster_state {
  roster_options options;
  bucket_actor bucket;
  supervisor_actor parent;
  /// The newest news of each worker, with the time when it was first seen. That does not
  /// depend on who leads: a listener that is added later receives it.
  std::map<worker_id, roster_news> known;
  bool complete = false;
  /// When all heartbeats were first shown in this incarnation of the bucket.
  std::optional<core::time_point> complete_since;
  /// When the bucket was made; nanoseconds since 1970.
  std::int64_t created_at_ns = 0;
  /// Addresses, not handles: the roster must not keep a listener alive.
  std::vector<caf::actor_addr> listeners;
  std::vector<caf::typed_response_promise<others_counted>> counting;
  invalid_entries invalid;
  trouble_reports troubles;
  static inline constexpr const char* name = "partita.roster";
};

/// Follows all heartbeats and remembers when it first saw what each holds now.
roster_actor::behavior_type roster(roster_actor::stateful_pointer<roster_state> self,
                                   roster_options options, bucket_actor heartbeats,
                                   supervisor_actor parent);

} // namespace partita
