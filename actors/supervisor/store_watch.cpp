// SPDX-License-Identifier: Apache-2.0
#include "partita/actors/supervisor/store_watch.hpp"

namespace partita {

store_watch::store_watch(worker_context& context, worker_alerts& alerts, callbacks to)
    : alerts_{alerts},
      context_{context},
      to_{std::move(to)},
      outage_{context.options.degraded} {}

void store_watch::step(const core::outage::event& what) {
  for (const auto& x : outage_.step(what, context_.now()))
    std::visit([this](const auto& y) { carry_out(y); }, x);
  to_.moved();
}

void store_watch::carry_out(const core::outage::alert& x) {
  auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(x.age).count();
  auto age = std::to_string(ms) + " ms";
  auto text = x.over ? "the store is back after " + age
                     : "the store has not acknowledged a heartbeat for " + age
                           + (why_away_.empty() ? "" : " (" + why_away_ + ")")
                           + "; check the server and the connection";
  alerts_.raise(x.level, "store_away", text, x.age, x.over);
}

} // namespace partita
