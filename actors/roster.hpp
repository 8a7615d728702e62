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
  /// The longest heartbeat.ttl that is known: only a longer one is told.
  std::chrono::milliseconds longest_ttl{0};
  std::uint64_t run = 0;
  worker_clock clock;
};

struct roster_state {
  roster_options options;
  bucket_actor bucket;
  supervisor_actor parent;
  /// The newest news of each worker. What is in it was seen at its `seen_at`, whoever
  /// leads: a listener that comes later has the use of it.
  std::map<worker_id, roster_news> known;
  bool complete = false;
  /// When all had been shown for the first time in this life of the bucket.
  std::optional<core::time_point> complete_since;
  /// When the bucket was made; nanoseconds since 1970.
  std::int64_t created_at_ns = 0;
  /// Not handles: a listener shall not live on because of it.
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
