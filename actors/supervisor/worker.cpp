// SPDX-License-Identifier: Apache-2.0
#include "partita/actors/supervisor/worker.hpp"

#include "partita/actors/turns.hpp"
#include "partita/core/match.hpp"

#include <algorithm>

namespace partita {

worker::worker(supervisor_pointer self, worker_options options, store_actor store_,
               partition_source_actor source, const listener_actor& listener)
    : context{self, std::move(options), std::move(store_), std::move(source)},
      alerts{context},
      store{*this},
      children{context},
      work{*this},
      departure{*this},
      leadership{*this},
      session{*this},
      self_{self},
      outage_{context.options.degraded} {
  work.add_listener(listener);
}

void worker::start() {
  mail(self_, caf::actor_cast<link_listener_actor>(self_)).send(context.store);
  if (context.options.states_partitions)
    mail(self_, caf::actor_cast<partition_listener_actor>(self_)).send(context.source);
  store.step(core::group_check::begin{});
}

// -- lifecycle --------------------------------------------------------------------------

void worker::live(const core::life::event& what) {
  for (const auto& x : life.step(what, context.now()))
    core::match(
        x,
        [&](const core::life::changed& y) {
          context.log().info("{} -> {}: {}", logged("from", to_string(y.from)),
                             logged("to", to_string(y.to)), logged("reason", y.why));
          context.listeners.tell(state_changed{context.id, y.from, y.to, y.why});
        },
        [&](const core::life::identify&) { store.step(core::group_check::begin{}); },
        [&](const core::life::claim_id&) { children.start(role::registrar); },
        [&](const core::life::join&) { session.join(); });
  set_alarm();
}

void worker::need_roster() {
  children.tell_rank();
  const auto& record = context.applied.get();
  auto wanted = life.leads() || (record && record->standby != 0);
  if (!wanted || departure.now().over())
    children.kill(role::roster);
  else if (!children.runs().is_due(role::roster))
    children.start(role::roster);
}

void worker::on(const record_received& x) {
  if (!departure.now().takes_records())
    return;
  context.epochs.saw(x.record.epoch);
  if (!work.apply(x.record))
    return;
  context.has_worked = true;
  need_roster();
  live(core::life::record_applied{});
}

// -- the store --------------------------------------------------------------------------

void worker::outage(const core::outage::event& what) {
  for (const auto& x : outage_.step(what, context.now()))
    core::match(
        x, [&](const core::outage::degrade&) { live(core::life::store_silent{}); },
        [&](const core::outage::recover&) { live(core::life::store_back{}); },
        [&](const core::outage::alert& y) { carry_out(y); });
  set_alarm();
}

void worker::carry_out(const core::outage::alert& x) {
  auto age = std::to_string(in_ms(x.age).count()) + " ms";
  auto text = x.over ? "the store is back after " + age
                     : "the store has not acknowledged a heartbeat for " + age
                           + (why_away_.empty() ? "" : " (" + why_away_ + ")")
                           + "; check the server and the connection";
  alerts.raise(x.level, "store_away", text, x.age, x.over);
}

void worker::on(const link_changed& x) {
  alerts.link_is(x.state == link_state::connected);
  why_away_ = x.state == link_state::connected ? std::string{} : x.why;
  if (x.state == link_state::connected) {
    store.step(core::group_check::connected{});
    // A restarted server may have lost writes that it had acknowledged.
    context.epochs.connected(x.process, {context.now(), unix_seconds()});
    live(core::life::doubted{});
  }
  if (!x.foreign)
    return;
  // Work done here would not be coordinated with the workers on the group's store.
  store.step(core::group_check::foreign_met{});
  // The group's store is away: that is measured like any outage.
  if (life.in_session() && departure.now().needs_session())
    session.leave(x.why);
}

void worker::on(const store_trouble& x) {
  if (children.runs().is_present(x.run))
    alerts.hear(x);
  set_alarm();
}

void worker::on(const entry_invalid& x) {
  ++invalid_entries_;
  context.log().warn("bucket {}, key '{}' cannot be read: {}", logged("bucket", x.bucket),
                     logged("key", x.key), logged("reason", x.why));
}

void worker::on(const partition_list& x) {
  if (x.digest.empty())
    return;
  context.options.shared_settings["partitions"] = x.digest;
  children.tell_settings();
}

// -- actors that end --------------------------------------------------------------------

void actor_ended(supervisor_pointer self, const caf::actor_addr& who,
                 const caf::error& why) {
  state_of(self).worker->ended(who, why);
}

void worker::ended(const caf::actor_addr& who, const caf::error& why) {
  if (auto child = children.ended(who)) {
    restart(core::restarts::ended{*child, error_text(self_, why)});
    departure.step(core::departure::moved_on{});
  } else if (work.remove_listener(who) && !leaving()) {
    departure.step(core::departure::asked{
        leave_mode::stop, "a listener ended (" + error_text(self_, why)
                              + "), and its work is not done any more; start the worker "
                                "again together with its listener"});
  }
}

void worker::restart(const core::restarts::event& what) {
  using core::restarts;
  restarts::situation is{.leaving = leaving(),
                         .in_session = life.in_session(),
                         .has_id = !context.id.value.empty(),
                         .leads = life.leads()};
  for (const auto& x : children.step(what, is))
    core::match(
        x, [&](const restarts::start& y) { children.start(y.who); },
        [&](const restarts::kill& y) { children.end(y.who); },
        [&](const restarts::crashed& y) {
          context.log().error("the {} ended ({}); starting it again in {} ms",
                              core::to_string(y.who), logged("reason", y.why),
                              in_ms(y.pause).count());
        },
        [&](const restarts::depose& y) { leadership.stop(y.why); },
        [&](const restarts::end_session& y) {
          live(core::life::held_back{y.next_at});
          session.end(y.why);
        });
  set_alarm();
}

// -- status and stats -------------------------------------------------------------------

worker_status worker::status() const {
  const auto& record = context.applied.get();
  return {.worker_id = context.id,
          .state = life.state(),
          .state_reason = life.reason(),
          .leading = life.leads(),
          .leader = life.leader(),
          .applied = record ? stamp_of(*record) : stamp{},
          .partitions = record ? record->partitions : std::vector<grant>{},
          .invalid_entries = invalid_entries_,
          .state_changes = life.changes(),
          .restarts = children.runs().count(),
          .store_trouble = alerts.lasting_trouble()};
}

caf::result<worker_stats> worker::stats() {
  worker_stats result;
  result.group = context.options.group.name;
  result.status = status();
  result.epoch = context.epochs.greatest();
  if (auto until = work.duties().works_until(); life.in_session() && until)
    result.session_left = in_ms(std::max(*until - context.now(), core::duration{0}));
  alerts.add_to(result);
  result.led = leadership.led;
  result.turns = turns_here();
  if (!life.leads() || !children.runs().is_alive(role::elector))
    return result;
  auto promise = self_->make_response_promise<worker_stats>();
  mail(self_, get_lease{})
      .request(children.elector(), caf::infinite)
      .then(
          [promise, result](const lease_left& x) mutable {
            result.lease_left = x.left;
            promise.deliver(std::move(result));
          },
          // The elector has ended, and its lease with it.
          [promise, result](const caf::error&) mutable {
            promise.deliver(std::move(result));
          });
  return promise;
}

// -- time -------------------------------------------------------------------------------

void worker::on(const wake& x) {
  if (!alarm_.rings(x, 0))
    return;
  work.step(core::duties::tick{});
  outage(core::outage::tick{});
  alerts.tick();
  departure.step(core::departure::tick{});
  if (departure.now().over())
    return;
  store.step(core::group_check::tick{});
  restart(core::restarts::tick{});
  live(core::life::tick{});
}

void worker::set_alarm() {
  if (departure.now().over())
    return;
  alerts.keep_if([this](std::uint64_t run) { return children.runs().is_present(run); });
  std::optional<core::time_point> at;
  for (const auto& x :
       {life.wake_at(), departure.now().wake_at(), outage_.wake_at(), work.wake_at(),
        alerts.wake_at(), store.wake_at(), children.runs().wake_at()})
    at = core::earlier(at, x);
  alarm_.set(self_, context.options.clock, 0, at);
}

} // namespace partita
