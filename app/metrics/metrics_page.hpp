// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/app/http/http_api.hpp"
#include "partita/app/metrics/metrics.hpp"

namespace partita::app {

/// `/metrics`, requested from `metrics`. 503 if it does not answer.
http_page metrics_page(metrics_actor metrics);

} // namespace partita::app
