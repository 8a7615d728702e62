// SPDX-License-Identifier: Apache-2.0
#include "partita/app/metrics/metrics_page.hpp"

#include "partita/app/metrics/metrics_text.hpp"

#include <caf/actor_system.hpp>
#include <caf/scoped_actor.hpp>

namespace partita::app {

http_page metrics_page(caf::actor_system& sys, metrics_actor metrics) {
  auto show = [&sys, metrics = std::move(metrics)] {
    http_reply result;
    caf::scoped_actor self{sys};
    self->request(metrics, 2 * metrics_patience, get_metrics{})
        .receive(
            [&](std::string& text) {
              result.content_type = metrics_content_type;
              result.body = std::move(text);
            },
            [&](const caf::error&) {
              result =
                  http_error(503, "no answer from the worker's process", "the metrics",
                             "check GET /livez, and restart the worker");
            });
    return result;
  };
  return {"/metrics", std::move(show)};
}

} // namespace partita::app
