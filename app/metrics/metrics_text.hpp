// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/app/process/hooks.hpp"
#include "partita/messages/stats.hpp"

#include <optional>
#include <string>

namespace partita::app {

/// What one process has to show; what did not answer in time is missing.
struct process_stats {
  std::optional<worker_stats> worker;
  std::optional<store_stats> store;
  bool has_hooks = false;
  std::optional<hook_stats> hooks;
};

/// The answer to GET /metrics, in Prometheus' text format; docs/ops/metrics.md lists what
/// is in it.
std::string metrics_text(const process_stats& x);

/// The type that goes with it.
inline constexpr const char* metrics_content_type =
    "text/plain; version=0.0.4; charset=utf-8";

} // namespace partita::app
