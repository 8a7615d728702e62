// SPDX-License-Identifier: Apache-2.0
#include "partita/actors/log.hpp"
#include "partita/actors/supervisor/worker.hpp"

namespace partita {

namespace {

constexpr std::size_t names_in_text = 5;

std::chrono::milliseconds in_ms(core::duration x) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(x);
}

std::string some_of(const std::vector<partition>& xs) {
  std::string result;
  for (std::size_t i = 0; i < xs.size() && i < names_in_text; ++i)
    result += (i == 0 ? "" : ", ") + name_of(xs[i]);
  if (xs.size() > names_in_text)
    result += " and " + std::to_string(xs.size() - names_in_text) + " more";
  return result;
}

} // namespace

// -- what listeners do ------------------------------------------------------------------

void worker::feed(const core::duties::event& what) {
  for (const auto& x : duties_.step(what, time_now())) {
    if (leaving_ == leaving::done)
      return;
    std::visit([this](const auto& y) { carry_out(y); }, x);
  }
  if (leaving_ == leaving::drain && drain_is_over())
    leave_on();
  set_alarm();
}

void worker::carry_out(const core::duties::assign& x) {
  listeners_.tell(partitions_assigned{id_, x.granted_by, x.what,
                                      options_.ownership == ownership::exclusive},
                  x.to);
}

void worker::carry_out(const core::duties::revoke& x) {
  listeners_.ask(partitions_revoked{id_, x.what, in_ms(x.time_left)},
                 [this, order = x.order](core::duties::listener_id who) {
                   feed(core::duties::confirmed{who, order});
                 });
}

void worker::observe_deadline(core::time_point must_stop_by) {
  if (options_.on_deadline && options_.ownership == ownership::exclusive)
    options_.on_deadline->must_stop_by(claim_nonce_.value, must_stop_by);
}

void worker::carry_out(const core::duties::lose& x) {
  // It may be over before its time.
  observe_deadline(time_now() + x.time_left);
  listeners_.ask(partitions_lost{id_, x.what, x.why, in_ms(x.time_left)},
                 [this, order = x.order](core::duties::listener_id who) {
                   feed(core::duties::confirmed{who, order});
                 });
}

void worker::carry_out(const core::duties::report& x) {
  if (of(role::heartbeat).alive)
    self_->send(heartbeat_, x.what);
}

void worker::carry_out(const core::duties::ended& x) {
  // The store may be to blame, so the watch over it goes on.
  leave_session(x.why);
}

void worker::carry_out(const core::duties::settled&) {
  if (options_.on_deadline)
    options_.on_deadline->stopped(claim_nonce_.value);
  if (leaving_ == leaving::no)
    try_to_join();
  else
    leave_on();
}

void worker::carry_out(const core::duties::late& x) {
  auto why = "work on " + some_of(x.what) + " goes on "
             + std::to_string(in_ms(x.age).count()) + " ms after it "
             + (x.lost ? "was lost, and others may own it by now" : "was revoked")
             + "; look at the listener: it must answer once its work has stopped";
  alert(x.lost ? alert_level::error : alert_level::warn, "work_not_stopped", why, x.age,
        false);
  if (!x.lost || !options_.end_if_work_goes_on)
    return;
  // Whoever cannot be stopped must not live on: without a goodbye, for that would say
  // that the work has ended.
  failure_ = why;
  finish();
}

void worker::carry_out(const core::duties::late_no_more& x) {
  alert(alert_level::info, "work_not_stopped", "all work has stopped", x.age, true);
}

void worker::add_listener(const listener_actor& x) {
  if (leaving_ == leaving::done)
    return;
  if (auto number = listeners_.add(x))
    feed(core::duties::listener_added{*number});
}

void worker::listener_down(core::duties::listener_id who, const caf::error& why) {
  feed(core::duties::listener_gone{who});
  if (leaving_ == leaving::no)
    begin_leaving("a listener ended (" + self_->system().render(why)
                      + "), and nobody does its work any more; start the worker anew "
                        "together with its listener",
                  leave_mode::stop);
}

// -- the store --------------------------------------------------------------------------

void worker::watch_store(const core::outage::event& what) {
  if (leaving_ == leaving::done)
    return;
  for (const auto& x : outage_.step(what, time_now())) {
    if (std::holds_alternative<core::outage::degrade>(x)) {
      degrade();
    } else if (std::holds_alternative<core::outage::recover>(x)) {
      recover();
    } else if (const auto* y = std::get_if<core::outage::alert>(&x)) {
      auto ms = std::to_string(in_ms(y->age).count()) + " ms";
      alert(y->level, "store_away",
            y->over ? "the store is back after " + ms
                    : "the store has not taken a proof of life for " + ms
                          + (why_away_.empty() ? "" : " (" + why_away_ + ")")
                          + "; check the server and the connection",
            y->age, y->over);
    }
  }
  set_alarm();
}

void worker::degrade() {
  if (leaving_ != leaving::no)
    return;
  before_degraded_ = state_;
  lost_while_degraded_ = false;
  set_state(worker_state::degraded, "the store does not take its proof of life");
}

void worker::recover() {
  if (state_ != worker_state::degraded)
    return;
  if (lost_while_degraded_)
    set_state(worker_state::claiming_id,
              "the store is back; the session was lost meanwhile");
  else
    set_state(before_degraded_, "the store is back");
  catch_up();
}

// -- the partitions ---------------------------------------------------------------------

void worker::watch_source(const std::string& why) {
  tell("partitions_unknown", source_alert_.found(why, time_now()));
  set_alarm();
}

void worker::watch_settings(const std::string& why) {
  tell("settings_differ", settings_alert_.found(why, time_now()));
}

void worker::tell(const std::string& what,
                  const std::optional<core::lasting_alert::alert>& x) {
  if (x && leaving_ != leaving::done)
    alert(x->level, what, x->why, x->age, x->over);
}

void worker::alert(alert_level level, const std::string& what, std::string why,
                   core::duration age, bool over) {
  auto log_level = over || level == alert_level::info ? spdlog::level::info
                   : level == alert_level::warn       ? spdlog::level::warn
                   : level == alert_level::error      ? spdlog::level::err
                                                      : spdlog::level::critical;
  logger()->log(log_level, "{}: {}", id_.value, why);
  count_alert(level, what, over);
  listeners_.tell(alert_raised{id_, level, what, std::move(why), in_ms(age), over});
}

} // namespace partita
