// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/actors/shell.hpp"
#include "partita/core/worker/roster.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <optional>
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
  std::optional<core::roster> roster;
  /// Addresses, not handles: the roster must not keep a listener alive.
  std::vector<caf::actor_addr> listeners;
  invalid_entries invalid;
  trouble_reports troubles;
  static inline constexpr const char* name = "partita.roster";
};

/// Follows all heartbeats and remembers when it first saw what each holds now.
roster_actor::behavior_type roster(roster_actor::stateful_pointer<roster_state> self,
                                   roster_options options, bucket_actor heartbeats,
                                   supervisor_actor parent);

} // namespace partita
