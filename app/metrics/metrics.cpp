// SPDX-License-Identifier: Apache-2.0
#include "partita/app/metrics/metrics.hpp"

#include "partita/app/metrics/metrics_text.hpp"

#include <caf/actor_cast.hpp>
#include <caf/actor_system.hpp>
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
  /// Null: there are none.
  caf::actor_addr hooks;
  std::chrono::milliseconds patience{0};
  static inline constexpr const char* name = "partita.metrics";
};

using self_pointer = metrics_actor::stateful_pointer<metrics_state>;

/// One scrape: what has come in, and how much is still to come.
struct scrape {
  process_stats stats;
  int missing = 3;
  caf::typed_response_promise<std::string> answer;

  void came() {
    if (--missing == 0)
      answer.deliver(metrics_text(stats));
  }
};

template <class Handle, class Figures, class Request>
void gather(self_pointer self, const caf::actor_addr& whom, Request what,
            const std::shared_ptr<scrape>& x,
            std::optional<Figures> process_stats::*part) {
  auto target = caf::actor_cast<caf::strong_actor_ptr>(whom);
  if (!target) {
    x->came();
    return;
  }
  self->request(caf::actor_cast<Handle>(target), self->state.patience, std::move(what))
      .then(
          [x, part](const Figures& found) {
            x->stats.*part = found;
            x->came();
          },
          [x](const caf::error&) { x->came(); });
}

metrics_actor::behavior_type metrics(self_pointer self,
                                     std::chrono::milliseconds patience) {
  self->state.patience = patience;
  return {
      [self](const observe& x) {
        self->state.store = x.store.address();
        self->state.worker = x.worker.address();
        self->state.hooks = x.hooks ? x.hooks.address() : caf::actor_addr{};
      },
      [self](get_metrics) -> caf::result<std::string> {
        auto x = std::make_shared<scrape>();
        x->answer = self->make_response_promise<std::string>();
        auto result = x->answer;
        const auto& s = self->state;
        x->stats.has_hooks = s.hooks != nullptr;
        gather<store_actor>(self, s.store, get_store_stats{}, x, &process_stats::store);
        gather<supervisor_actor>(self, s.worker, get_stats{}, x, &process_stats::worker);
        gather<hooks_actor>(self, s.hooks, get_hook_stats{}, x, &process_stats::hooks);
        return result;
      },
  };
}

} // namespace

metrics_actor spawn_metrics(caf::actor_system& sys) {
  return sys.spawn(metrics, metrics_patience);
}

} // namespace partita::app
