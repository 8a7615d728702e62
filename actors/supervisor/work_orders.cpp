// SPDX-License-Identifier: Apache-2.0
#include "partita/actors/supervisor/worker.hpp"
#include "partita/core/match.hpp"
#include "partita/messages/codec.hpp"

namespace partita {

namespace {

constexpr std::size_t names_in_text = 5;

std::string some_of(const std::vector<partition>& xs) {
  std::string result;
  for (std::size_t i = 0; i < xs.size() && i < names_in_text; ++i)
    result += (i == 0 ? "" : ", ") + name_of(xs[i]);
  if (xs.size() > names_in_text)
    result += " and " + std::to_string(xs.size() - names_in_text) + " more";
  return result;
}

} // namespace

work_orders::work_orders(worker& of)
    : worker_{of},
      context_{of.context},
      duties_{{.exclusive = context_.exclusive(),
               .stop_within = context_.options.rebalance.handoff_timeout / 2,
               .margin = margin()}} {}

void work_orders::step(const core::duties::event& what) {
  for (const auto& x : duties_.step(what, context_.now())) {
    if (closed_)
      return;
    carry_out(x);
  }
  if (worker_.departure.now().draining())
    worker_.departure.step(core::departure::moved_on{});
  worker_.set_alarm();
}

void work_orders::carry_out(const core::duties::command& what) {
  using core::duties;
  auto& listeners = context_.listeners;
  auto stopped = [this](duties::order_id order) {
    return [this, order](duties::listener_id who) {
      step(duties::confirmed{who, order});
    };
  };
  core::match(
      what,
      [&](const duties::assign& x) {
        listeners.tell(
            partitions_assigned{context_.id, x.granted_by, x.what, context_.exclusive()},
            x.to);
      },
      [&](const duties::revoke& x) {
        listeners.ask(partitions_revoked{context_.id, x.what, in_ms(x.time_left)},
                      stopped(x.order));
      },
      [&](const duties::lose& x) {
        // The session may end before its time: then the deadline is earlier, too.
        observe_deadline(context_.now() + x.time_left);
        listeners.ask(partitions_lost{context_.id, x.what, x.why, in_ms(x.time_left)},
                      stopped(x.order));
      },
      [&](const duties::report& x) {
        worker_.children.tell(core::role::heartbeat, worker_.children.heartbeat(),
                              x.what);
      },
      // The store may be the cause, so its outage is still measured.
      [&](const duties::ended& x) { worker_.session.leave(x.why); },
      [&](const duties::settled&) { settled(); }, [&](const duties::late& x) { late(x); },
      [&](const duties::late_no_more& x) {
        worker_.alerts.raise(alert_level::info, "work_not_stopped",
                             "all work has stopped", x.age, true);
      });
}

void work_orders::settled() {
  if (context_.options.on_deadline)
    context_.options.on_deadline->stopped(context_.claim_nonce.value);
  worker_.live(core::life::work_stopped{});
  worker_.departure.step(core::departure::moved_on{});
}

void work_orders::late(const core::duties::late& x) {
  auto why = "work on " + some_of(x.what) + " goes on "
             + std::to_string(in_ms(x.age).count()) + " ms after it "
             + (x.lost ? "was lost, and others may own it by now" : "was revoked")
             + "; look at the listener: it must answer once its work has stopped";
  worker_.alerts.raise(x.lost ? alert_level::error : alert_level::warn,
                       "work_not_stopped", why, x.age, false);
  // A worker whose work cannot be stopped must end: without a goodbye, which would say
  // that the work has ended.
  if (x.lost && context_.options.end_if_work_goes_on)
    worker_.departure.step(core::departure::cut_short{why});
}

void work_orders::extend(core::time_point until) {
  // First, before the extension allows any work.
  if (context_.exclusive()) {
    observe_deadline(until + margin());
    for (const auto& x : session_listeners_)
      mail(context_.self, session_valid{until}).send(x);
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
  context_.log().info(
      "assignment {} of epoch {} ({}): {} partitions, {} added, {} removed",
      logged("version", readable(news.version)), logged("epoch", news.epoch.value),
      logged("lifecycle", to_string(news.lifecycle)),
      logged("partitions", news.partitions.size()), logged("added", news.added.size()),
      logged("removed", news.removed.size()));
  context_.listeners.tell(std::move(news));
  step(core::duties::recorded{x});
  return true;
}

void work_orders::drop() {
  if (auto news = context_.applied.drop(context_.id))
    context_.listeners.tell(std::move(*news));
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
