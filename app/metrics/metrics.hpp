// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/app/process/hooks.hpp"
#include "partita/messages/interfaces.hpp"
#include "partita/messages/message.hpp"

#include <caf/fwd.hpp>

#include <chrono>
#include <string>

namespace partita::app {

/// Requests the text of /metrics.
struct get_metrics {
  PARTITA_MESSAGE(get_metrics)
};

/// What to look at from now on. Not kept alive by that.
struct observe {
  store_actor store;
  supervisor_actor worker;
  /// Null: there are none.
  hooks_actor hooks;
  PARTITA_MESSAGE(observe, x.store, x.worker, x.hooks)
};

/// Who does not answer for so long is missing in the text (partita_metrics_missing).
inline constexpr std::chrono::milliseconds metrics_patience{1000};

/// Gathers what this process has to show at each request, and does nothing
/// otherwise.
using metrics_actor =
    caf::typed_actor<caf::reacts_to<observe>,
                     // Answered once worker and store have answered, or had their time.
                     caf::replies_to<get_metrics>::with<std::string>>;

metrics_actor spawn_metrics(caf::actor_system& sys);

} // namespace partita::app
