// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/app/http/http_api.hpp"
#include "partita/app/metrics/metrics.hpp"

namespace partita::app {

/// `/metrics`: sends a request to `metrics` from the thread that serves the call. 503 if
/// it does not answer.
http_page metrics_page(caf::actor_system& sys, metrics_actor metrics);

} // namespace partita::app
