// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/app/http/http_api.hpp"
#include "partita/app/process/hooks.hpp"
#include "partita/messages/consuming.hpp"
#include "partita/messages/interfaces.hpp"

#include <caf/fwd.hpp>

#include <chrono>
#include <optional>
#include <string>

/// `/metrics`: what one process counts and measures, as text for Prometheus.
namespace partita::app {

/// What one process has to show; what did not answer in time is missing.
struct process_stats {
  std::optional<worker_stats> worker;
  std::optional<store_stats> store;
  bool has_hooks = false;
  std::optional<hook_stats> hooks;
  bool has_consumers = false;
  std::optional<consumers_lag> lag;
};

/// In Prometheus' text format; docs/ops/metrics.md lists what is in it.
std::string metrics_text(const process_stats& x);

/// Requests the text of /metrics.
PARTITA_SIGNAL(get_metrics);

/// What to look at from now on. Not kept alive by that.
struct observe {
  store_actor store;
  supervisor_actor worker;
  /// Null: there are none.
  hooks_actor hooks;
  /// Null: no stream is consumed.
  lag_actor consumers;
  PARTITA_MESSAGE(observe, x.store, x.worker, x.hooks, x.consumers)
};

/// What does not answer for so long is missing in the text (partita_metrics_missing).
inline constexpr std::chrono::milliseconds metrics_patience{1000};

/// Gathers what this process has to show at each request, and does nothing otherwise.
using metrics_actor =
    caf::typed_actor<caf::reacts_to<observe>,
                     // Answered once worker and store have answered, or had their time.
                     caf::replies_to<get_metrics>::with<std::string>>;

metrics_actor spawn_metrics(caf::actor_system& sys);

/// `/metrics`, requested from `metrics`. 503 if it does not answer.
http_page metrics_page(metrics_actor metrics);

} // namespace partita::app
