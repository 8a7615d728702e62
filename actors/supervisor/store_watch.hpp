// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/actors/supervisor/worker_alerts.hpp"
#include "partita/core/alerts/outage.hpp"

#include <functional>
#include <string>

namespace partita {

/// Watches for outages of a worker's store: carries out core::outage.
class store_watch {
public:
  /// Called on the supervisor's thread.
  struct callbacks {
    std::function<void()> silent;
    std::function<void()> back;
    /// wake_at() may have changed.
    std::function<void()> moved;
  };

  store_watch(worker_context& context, worker_alerts& alerts, callbacks to);

  void step(const core::outage::event& what);
  std::optional<core::time_point> wake_at() const { return outage_.wake_at(); }
  /// Why there is no connection; empty: there is one.
  void link_is(std::string why_away) { why_away_ = std::move(why_away); }

private:
  void carry_out(const core::outage::degrade&) { to_.silent(); }
  void carry_out(const core::outage::recover&) { to_.back(); }
  void carry_out(const core::outage::alert& x);

  worker_alerts& alerts_;
  worker_context& context_;
  callbacks to_;
  core::outage outage_;
  std::string why_away_;
};

} // namespace partita
