// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/actors/options.hpp"
#include "partita/actors/shell.hpp"
#include "partita/core/worker/id_claim.hpp"

#include <caf/typed_event_based_actor.hpp>

namespace partita {

struct registrar_options {
  id_options id;
  /// Names the worker in its claim; the same for all runs of its registrar.
  nonce self;
  /// An id of our own instance is taken over after this long without a change.
  std::chrono::milliseconds instance_grace{6000};
  /// How long to look for an id before giving up; nothing: for as long as it takes.
  std::optional<std::chrono::milliseconds> startup;
  std::chrono::milliseconds pause{100};
  std::uint64_t seed = 0;
  std::uint64_t run = 0;
  worker_clock clock;
};

struct registrar_state {
  registrar_options options;
  std::optional<core::id_claim> claim;
  bucket_actor bucket;
  supervisor_actor parent;
  partita::alarm alarm;
  trouble_reports troubles;
  invalid_entries invalid;
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

} // namespace partita
