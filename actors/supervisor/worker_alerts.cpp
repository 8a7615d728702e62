// SPDX-License-Identifier: Apache-2.0
#include "partita/actors/supervisor/worker_alerts.hpp"

namespace partita {

namespace {

/// Longer than a fail-over of the store's servers takes in most cases.
constexpr core::duration store_patience = std::chrono::seconds{5};

} // namespace

worker_alerts::worker_alerts(worker_context& context)
    : context_{context},
      troubles_{store_patience},
      store_{{.error = context.options.degraded.error,
              .over = "requests to the store succeed again"}},
      source_{{.error = context.options.degraded.error,
               .over = "the list of partitions is available again"}},
      settings_{{.error = {}, .over = "the settings of all workers agree again"}} {}

void worker_alerts::raise(alert_level level, const std::string& what, std::string why,
                          core::duration age, bool over) {
  context_.log(over ? alert_level::info : level, why);
  if (over) {
    present_.erase(what);
  } else {
    present_[what] = level;
    ++raised_.at(static_cast<std::size_t>(level));
  }
  auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(age);
  context_.listeners.tell(
      alert_raised{context_.id, level, what, std::move(why), ms, over});
}

void worker_alerts::hear(const store_trouble& x) {
  troubles_.found(x.what, x.run, x.why, context_.now());
  watch_store();
}

void worker_alerts::watch_store() {
  auto lasting = lasting_trouble();
  tell("store_trouble",
       store_.found(lasting.empty() ? lasting
                                    : "keeps retrying requests to the store: " + lasting,
                    context_.now()));
}

void worker_alerts::watch_source(const std::string& why) {
  tell("partitions_unknown", source_.found(why, context_.now()));
}

void worker_alerts::watch_settings(const std::string& why) {
  tell("settings_differ", settings_.found(why, context_.now()));
}

void worker_alerts::watch_control(const std::string& why, const std::string& over) {
  auto now = context_.now();
  if (why.empty() && !control_unknown_since_)
    return;
  auto since = control_unknown_since_.value_or(now);
  if (why.empty()) {
    control_unknown_since_.reset();
    raise(alert_level::info, "control_unknown", over, now - since, true);
  } else {
    control_unknown_since_ = since;
    raise(alert_level::warn, "control_unknown", why, now - since, false);
  }
}

void worker_alerts::lost_leadership() {
  watch_source({});
  watch_settings({});
  watch_control({}, "this worker has lost leadership");
}

void worker_alerts::tick() {
  watch_store();
  tell("store_trouble", store_.tick(context_.now()));
  tell("partitions_unknown", source_.tick(context_.now()));
}

void worker_alerts::add_to(worker_stats& x) const {
  x.alerts = present_;
  x.alerts_raised.assign(raised_.begin(), raised_.end());
}

std::optional<core::time_point> worker_alerts::wake_at() const {
  auto result = core::earlier(source_.wake_at(), store_.wake_at());
  return core::earlier(result, troubles_.grows_at(context_.now()));
}

void worker_alerts::tell(const std::string& what,
                         const std::optional<core::lasting_alert::alert>& x) {
  if (x)
    raise(x->level, what, x->why, x->age, x->over);
}

} // namespace partita
