// SPDX-License-Identifier: Apache-2.0
#include "partita/actors/supervisor/worker.hpp"

namespace partita {

/// Longer than a fail-over of the store's servers takes in most cases.
constexpr core::duration store_patience = std::chrono::seconds{5};

worker_alerts::worker_alerts(worker_context& context)
    : context_{context}, troubles_{store_patience} {
  auto add = [this](const char* what, core::duration error, const char* over) {
    lasting_.emplace(what, core::lasting_alert::options{.error = error, .over = over});
  };
  auto error = context.options.degraded.error;
  add("store_trouble", error, "requests to the store succeed again");
  add("partitions_unknown", error, "the list of partitions is available again");
  add("settings_differ", {}, "the settings of all workers agree again");
  add("control_unknown", {},
      "the operators' directives are known again, or this worker has lost leadership");
}

void worker_alerts::raise(alert_level level, const std::string& what, std::string why,
                          core::duration age, bool over) {
  context_.log(over ? alert_level::info : level, why);
  if (over) {
    present_.erase(what);
  } else {
    present_[what] = level;
    ++raised_.at(static_cast<std::size_t>(level));
  }
  context_.listeners.tell(
      alert_raised{context_.id, level, what, std::move(why), in_ms(age), over});
}

void worker_alerts::hear(const store_trouble& x) {
  troubles_.found(x.what, x.run, x.why, context_.now());
  watch_store();
}

void worker_alerts::watch_store() {
  auto lasting = lasting_trouble();
  found("store_trouble",
        lasting.empty() ? lasting : "keeps retrying requests to the store: " + lasting);
}

void worker_alerts::found(const std::string& what, const std::string& why) {
  tell(what, lasting_.at(what).found(why, context_.now()));
}

void worker_alerts::lost_leadership() {
  for (const auto* what : {"partitions_unknown", "settings_differ", "control_unknown"})
    found(what, {});
}

void worker_alerts::tick() {
  watch_store();
  for (auto& [what, x] : lasting_)
    tell(what, x.tick(context_.now()));
}

void worker_alerts::add_to(worker_stats& x) const {
  x.alerts = present_;
  x.alerts_raised.assign(raised_.begin(), raised_.end());
}

std::optional<core::time_point> worker_alerts::wake_at() const {
  auto result = troubles_.grows_at(context_.now());
  for (const auto& [what, x] : lasting_)
    result = core::earlier(result, x.wake_at());
  return result;
}

void worker_alerts::tell(const std::string& what,
                         const std::optional<core::lasting_alert::alert>& x) {
  if (x)
    raise(x->level, what, x->why, x->age, x->over);
}

} // namespace partita
