// SPDX-License-Identifier: Apache-2.0
#include "partita/app/metrics/metrics_page.hpp"

#include "partita/app/metrics/metrics_text.hpp"

#include <caf/event_based_actor.hpp>

namespace partita::app {

http_page metrics_page(metrics_actor metrics) {
  auto show = [metrics = std::move(metrics)](caf::event_based_actor* self,
                                             const http_request&, auto done) {
    self->request(metrics, 2 * metrics_patience, get_metrics{})
        .then(
            [done](std::string& text) {
              done({200, metrics_content_type, std::move(text), {}});
            },
            [done](const caf::error&) {
              done(http_error(503, "no answer from the worker's process", "the metrics",
                              "check GET /livez, and restart the worker"));
            });
  };
  return {"/metrics", std::move(show)};
}

} // namespace partita::app
