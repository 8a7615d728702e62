// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/actors/worker_clock.hpp"
#include "partita/app/http/application_messages.hpp"

#include <caf/actor.hpp>
#include <caf/fwd.hpp>

#include <chrono>
#include <cstdint>

namespace partita::app {

struct application_state_options {
  /// Work that is taken back ends only once the application has released it.
  bool confirm = false;
  /// 0: the application need not call.
  std::chrono::milliseconds app_ttl{0};
  /// Work ends with the worker's session (ownership = "exclusive").
  bool exclusive = true;
  /// Where the numbers of versions and events begin. Microseconds since 1970 keep them apart
  /// from those of an earlier process.
  std::uint64_t first_number = 1;
  worker_clock clock;
};

/// Serves an application that polls instead of listening, through HTTP. Never blocks.
/// `host` receives application_changed; `reporter` (may be null) the alerts of this actor
/// itself: that the application is silent.
application_state_actor spawn_application_state(caf::actor_system& sys,
                                                application_state_options options,
                                                caf::actor host, listener_actor reporter);

} // namespace partita::app
