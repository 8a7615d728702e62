// SPDX-License-Identifier: Apache-2.0
#include "partita/app/metrics/metrics.hpp"
#include "partita/messages/exceptions.hpp"

#include <caf/actor_cast.hpp>
#include <caf/actor_system.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <memory>
#include <utility>

namespace partita::app {

namespace {

struct metrics_state {
  /// Not handles: a worker ends when its host lets go of it, and so does a store.
  caf::actor_addr store;
  caf::actor_addr worker;
  /// Null: there are none, and no stream is consumed.
  caf::actor_addr hooks;
  caf::actor_addr consumers;
  static inline constexpr const char* name = "partita.metrics";
};

using self_pointer = metrics_actor::stateful_pointer<metrics_state>;

/// One scrape: what has come in, and how much is still to come.
struct scrape {
  process_stats stats;
  caf::typed_response_promise<std::string> answer;
  int missing = 4;

  void came() {
    if (--missing == 0)
      answer.deliver(metrics_text(stats));
  }
};

template <class Handle, class Stats, class Request>
void gather(self_pointer self, const caf::actor_addr& whom, Request what,
            const std::shared_ptr<scrape>& x, std::optional<Stats> process_stats::*part) {
  auto target = caf::actor_cast<caf::strong_actor_ptr>(whom);
  if (!target)
    return x->came();
  self->request(caf::actor_cast<Handle>(target), metrics_patience, std::move(what))
      .then(
          [x, part](const Stats& found) {
            x->stats.*part = found;
            x->came();
          },
          [x](const caf::error&) { x->came(); });
}

metrics_actor::behavior_type metrics(self_pointer self) {
  end_on_exception(self);
  return {
      [self](const observe& x) {
        auto address = [](const auto& y) { return y ? y.address() : caf::actor_addr{}; };
        self->state = {address(x.store), address(x.worker), address(x.hooks),
                       address(x.consumers)};
      },
      [self](get_metrics) -> caf::result<std::string> {
        auto x = std::make_shared<scrape>();
        auto result = x->answer = self->make_response_promise<std::string>();
        const auto& s = self->state;
        x->stats.has_hooks = s.hooks != nullptr;
        x->stats.has_consumers = s.consumers != nullptr;
        gather<store_actor>(self, s.store, get_store_stats{}, x, &process_stats::store);
        gather<supervisor_actor>(self, s.worker, get_stats{}, x, &process_stats::worker);
        gather<hooks_actor>(self, s.hooks, get_hook_stats{}, x, &process_stats::hooks);
        gather<lag_actor>(self, s.consumers, get_lag{}, x, &process_stats::lag);
        return result;
      },
  };
}

} // namespace

metrics_actor spawn_metrics(caf::actor_system& sys) {
  return sys.spawn(metrics);
}

http_page metrics_page(metrics_actor metrics) {
  auto show = [metrics = std::move(metrics)](caf::event_based_actor* self,
                                             const http_request&, auto done) {
    self->request(metrics, 2 * metrics_patience, get_metrics{})
        .then(
            [done](std::string& text) {
              done(
                  {200, "text/plain; version=0.0.4; charset=utf-8", std::move(text), {}});
            },
            [done](const caf::error&) {
              done(http_error(503, "no answer from the worker's process", "the metrics",
                              "check GET /livez, and restart the worker"));
            });
  };
  return {"/metrics", std::move(show)};
}

} // namespace partita::app
