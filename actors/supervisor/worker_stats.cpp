// SPDX-License-Identifier: Apache-2.0
#include "partita/actors/supervisor/worker.hpp"

#include <algorithm>

namespace partita {

void worker::on(const measured& x) {
  if (current(role::calculator, x.run))
    led_.add(x.news);
}

void worker::forget_group() {
  led_.published = {};
  led_.partitions = led_.unowned = 0;
}

void worker::count_alert(alert_level level, const std::string& what, bool over) {
  if (over) {
    alerts_.erase(what);
    return;
  }
  alerts_[what] = level;
  ++alerts_raised_.at(static_cast<std::size_t>(level));
}

worker_stats worker::stats_now() const {
  worker_stats result;
  result.group = options_.group;
  result.status = status();
  result.epoch = greatest_epoch_;
  if (auto until = duties_.works_until(); in_session_ && until)
    result.session_left = std::chrono::duration_cast<std::chrono::milliseconds>(
        std::max(*until - time_now(), core::duration{0}));
  result.alerts = alerts_;
  result.alerts_raised.assign(alerts_raised_.begin(), alerts_raised_.end());
  result.led = led_;
  return result;
}

caf::result<worker_stats> worker::stats() {
  auto result = stats_now();
  if (!leading_ || !of(role::elector).alive)
    return result;
  auto promise = self_->make_response_promise<worker_stats>();
  self_->request(elector_, caf::infinite, get_lease{})
      .then(
          [promise, result](const lease_left& x) mutable {
            result.lease_left = x.left;
            promise.deliver(std::move(result));
          },
          // It has ended, and with it the lease.
          [promise, result](const caf::error&) mutable {
            promise.deliver(std::move(result));
          });
  return promise;
}

} // namespace partita
