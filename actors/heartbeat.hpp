// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/actors/shell.hpp"
#include "partita/core/worker/session.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <vector>

namespace partita {

struct heartbeat_actor_options {
  partita::worker_id worker_id;
  /// The incarnation that sends the heartbeats.
  nonce self;
  std::chrono::milliseconds interval{1000};
  std::chrono::milliseconds ttl{6000};
  std::chrono::milliseconds pause{100};
  bool exclusive = true;
  std::int64_t capacity = 100;
  std::string zone;
  std::map<std::string, std::string> settings;
  /// The incarnations of this process that have ended.
  std::vector<nonce> past;
  std::uint64_t run = 0;
  worker_clock clock;
};

struct heartbeat_state {
  heartbeat_actor_options options;
  std::optional<core::session> session;
  bucket_actor bucket;
  supervisor_actor parent;
  partita::alarm alarm;
  trouble_reports troubles;
  caf::typed_response_promise<goodbye_said> leaving;
  static inline constexpr const char* name = "partita.heartbeat";
};

/// Sends a heartbeat at once and then periodically; reports to `parent` when the session
/// starts, how long it lasts and when it is over; see core::session.
heartbeat_actor::behavior_type
heartbeat(heartbeat_actor::stateful_pointer<heartbeat_state> self,
          heartbeat_actor_options options, bucket_actor heartbeats,
          supervisor_actor parent);

} // namespace partita
