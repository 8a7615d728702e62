// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/actors/listeners.hpp"
#include "partita/actors/options.hpp"
#include "partita/actors/shell.hpp"
#include "partita/core/leader/epoch_floor.hpp"
#include "partita/core/worker/applied_record.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <array>
#include <memory>
#include <random>
#include <type_traits>
#include <vector>

namespace partita {

class worker;

struct supervisor_state {
  std::unique_ptr<partita::worker> worker;
  static inline constexpr const char* name = "partita.supervisor";
};

using supervisor_pointer = supervisor_actor::stateful_pointer<supervisor_state>;
using worker_listeners = listeners<std::remove_pointer_t<supervisor_pointer>>;

enum bucket_index : std::size_t {
  stable_id,
  election,
  heartbeats,
  assignments,
  bucket_count
};

/// What the parts of a worker share. Used on the supervisor's thread only.
struct worker_context {
  worker_context(supervisor_pointer self_, worker_options options_, store_actor store_,
                 partition_source_actor source_);

  core::time_point now() const { return options.clock.now(self); }
  bool exclusive() const { return options.ownership == ownership::exclusive; }
  /// For the log.
  const char* name() const { return id.value.empty() ? "new worker" : id.value.c_str(); }
  nonce make_nonce();
  /// A line about this worker.
  void log(alert_level level, const std::string& text) const;

  supervisor_pointer self;
  worker_options options;
  store_actor store;
  partition_source_actor source;
  worker_listeners listeners;
  std::mt19937_64 random;
  std::array<bucket_actor, bucket_count> buckets;
  worker_id id;
  /// Names the claim, for the worker's life; `incarnation` names the present session.
  nonce claim_nonce;
  nonce incarnation;
  /// The earlier incarnations of this process, the newest last; all their work has ended.
  std::vector<nonce> past;
  core::applied_record applied;
  /// A record has been applied: from now on the worker waits for the store without limit.
  bool has_worked = false;
  core::epoch_floor epochs;
  /// The longest heartbeat.ttl that any incarnation was seen to state.
  std::chrono::milliseconds longest_ttl;
};

} // namespace partita
