// SPDX-License-Identifier: Apache-2.0
#include "partita/actors/supervisor/work_orders.hpp"

#include "partita/actors/log.hpp"
#include "partita/messages/codec.hpp"

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

work_orders::work_orders(worker_context& context, worker_alerts& alerts, callbacks to)
    : context_{context},
      alerts_{alerts},
      to_{std::move(to)},
      duties_{{.exclusive = context.exclusive(),
               .stop_within = context.options.rebalance.handoff_timeout / 2,
               .margin = margin()}} {}

void work_orders::step(const core::duties::event& what) {
  for (const auto& x : duties_.step(what, context_.now())) {
    if (closed_)
      return;
    std::visit([this](const auto& y) { carry_out(y); }, x);
  }
  to_.moved();
}

void work_orders::extend(core::time_point until) {
  // First, before the extension allows any work.
  if (context_.exclusive()) {
    observe_deadline(until + margin());
    for (const auto& x : session_listeners_)
      context_.self->send(x, session_valid{until});
  }
}

bool work_orders::apply(const record& x) {
  if (!context_.applied.is_news(x))
    return false;
  if (x.version.value == 0) {
    // A leader has sealed the empty record; nothing has been decided yet.
    step(core::duties::recorded{x});
    return false;
  }
  auto news = context_.applied.apply(context_.id, x);
  logger()->info(
      "{}: assignment {} of epoch {} ({}): {} partitions, {} added, {} removed",
      context_.name(), readable(news.version), news.epoch.value,
      to_string(news.lifecycle), news.partitions.size(), news.added.size(),
      news.removed.size());
  context_.listeners.tell(news);
  step(core::duties::recorded{x});
  return true;
}

void work_orders::drop() {
  if (auto news = context_.applied.drop(context_.id))
    context_.listeners.tell(*news);
}

void work_orders::carry_out(const core::duties::assign& x) {
  context_.listeners.tell(
      partitions_assigned{context_.id, x.granted_by, x.what, context_.exclusive()}, x.to);
}

void work_orders::carry_out(const core::duties::revoke& x) {
  context_.listeners.ask(partitions_revoked{context_.id, x.what, in_ms(x.time_left)},
                         [this, order = x.order](core::duties::listener_id who) {
                           step(core::duties::confirmed{who, order});
                         });
}

void work_orders::carry_out(const core::duties::lose& x) {
  // The session may end before its time: then the deadline is earlier, too.
  observe_deadline(context_.now() + x.time_left);
  context_.listeners.ask(partitions_lost{context_.id, x.what, x.why, in_ms(x.time_left)},
                         [this, order = x.order](core::duties::listener_id who) {
                           step(core::duties::confirmed{who, order});
                         });
}

void work_orders::carry_out(const core::duties::settled&) {
  if (context_.options.on_deadline)
    context_.options.on_deadline->stopped(context_.claim_nonce.value);
  to_.work_stopped();
}

void work_orders::carry_out(const core::duties::late& x) {
  auto why = "work on " + some_of(x.what) + " goes on "
             + std::to_string(in_ms(x.age).count()) + " ms after it "
             + (x.lost ? "was lost, and others may own it by now" : "was revoked")
             + "; look at the listener: it must answer once its work has stopped";
  alerts_.raise(x.lost ? alert_level::error : alert_level::warn, "work_not_stopped", why,
                x.age, false);
  // A worker whose work cannot be stopped must end: without a goodbye, which would say
  // that the work has ended.
  if (x.lost && context_.options.end_if_work_goes_on)
    to_.cannot_be_stopped(why);
}

void work_orders::carry_out(const core::duties::late_no_more& x) {
  alerts_.raise(alert_level::info, "work_not_stopped", "all work has stopped", x.age,
                true);
}

void work_orders::observe_deadline(core::time_point must_stop_by) {
  if (context_.options.on_deadline && context_.exclusive())
    context_.options.on_deadline->must_stop_by(context_.claim_nonce.value, must_stop_by);
}

void work_orders::add_listener(const listener_actor& x) {
  if (closed_)
    return;
  if (auto number = context_.listeners.add(x))
    step(core::duties::listener_added{*number});
}

bool work_orders::remove_listener(const caf::actor_addr& who) {
  auto number = context_.listeners.remove(who);
  if (number)
    step(core::duties::listener_gone{*number});
  return number.has_value();
}

} // namespace partita
