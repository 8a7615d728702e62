// SPDX-License-Identifier: Apache-2.0
#include "partita/actors/supervisor/worker.hpp"

#include "partita/actors/log.hpp"
#include "partita/actors/turns.hpp"

#include <algorithm>

namespace partita {

worker::worker(supervisor_pointer self, worker_options options, store_actor store,
               partition_source_actor source, listener_actor listener)
    : self_{self},
      context_{self, std::move(options), std::move(store), std::move(source)},
      alerts_{context_},
      store_{context_, alerts_, of_store()},
      children_{context_},
      work_{context_, alerts_, of_work()},
      departure_{context_, children_, work_, life_, of_departure()},
      outage_{context_, alerts_, of_outage()},
      leadership_{context_, alerts_, children_, life_, of_leadership()},
      session_{context_,   children_, work_,       life_,
               departure_, outage_,   leadership_, [this](const auto& x) { live(x); }} {
  work_.add_listener(listener);
}

group_store::callbacks worker::of_store() {
  return {.identified = [this] { live(core::life::identified{}); },
          .given_up =
              [this](const std::string& why) {
                departure_.step(core::departure::asked{leave_mode::stop, why});
              },
          .moved = [this] { set_alarm(); }};
}

work_orders::callbacks worker::of_work() {
  return {.report = [this](const record_progress& x) { children_.report(x); },
          // The store may be the cause, so its outage is still measured.
          .session_over = [this](const std::string& why) { session_.leave(why); },
          .work_stopped =
              [this] {
                live(core::life::work_stopped{});
                departure_.step(core::departure::moved_on{});
              },
          .cannot_be_stopped =
              [this](const std::string& why) {
                departure_.step(core::departure::cut_short{why});
              },
          .moved =
              [this] {
                if (departure_.now().draining())
                  departure_.step(core::departure::moved_on{});
                set_alarm();
              }};
}

worker_departure::callbacks worker::of_departure() {
  return {.begun =
              [this](const std::string& why) {
                store_.close();
                live(core::life::leaving{why});
              },
          .session_over = [this] { live(core::life::session_over{}); },
          .over = [this](const std::string& why) { leadership_.stop(why); },
          .moved = [this] { set_alarm(); }};
}

store_watch::callbacks worker::of_outage() {
  return {.silent = [this] { live(core::life::store_silent{}); },
          .back = [this] { live(core::life::store_back{}); },
          .moved = [this] { set_alarm(); }};
}

worker_leadership::callbacks worker::of_leadership() {
  return {.live = [this](const core::life::event& x) { live(x); },
          .doubt = [this] { session_.doubt(); },
          .need_roster = [this] { need_roster(); },
          .moved = [this] { set_alarm(); }};
}

void worker::start() {
  self_->send(context_.store, caf::actor_cast<link_listener_actor>(self_));
  if (context_.options.states_partitions)
    self_->send(context_.source, caf::actor_cast<partition_listener_actor>(self_));
  store_.step(core::group_check::begin{});
}

// -- lifecycle --------------------------------------------------------------------------

void worker::live(const core::life::event& what) {
  for (const auto& x : life_.step(what, context_.now()))
    std::visit([this](const auto& y) { carry_out(y); }, x);
  set_alarm();
}

void worker::carry_out(const core::life::changed& x) {
  logger()->info("{}: {} -> {}: {}", context_.name(), to_string(x.from), to_string(x.to),
                 x.why);
  context_.listeners.tell(state_changed{context_.id, x.from, x.to, x.why});
}

void worker::carry_out(const core::life::identify&) {
  store_.step(core::group_check::begin{});
}

// -- leadership -------------------------------------------------------------------------

void worker::on(const leader_seen& x) {
  if (children_.is_from(role::elector, x))
    live(core::life::leader_seen{x.leader});
}

void worker::on(const longer_ttl_seen& x) {
  // Also from a roster that has ended.
  context_.longest_ttl = std::max(context_.longest_ttl, x.ttl);
}

void worker::need_roster() {
  children_.tell_rank();
  const auto& record = context_.applied.get();
  auto wanted = life_.leads() || (record && record->standby != 0);
  if (!wanted || departure_.now().over())
    children_.kill(role::roster);
  else if (!children_.runs().is_due(role::roster))
    children_.start(role::roster);
}

void worker::on(const record_received& x) {
  // A message that waited while the process slept may be outdated: then the session is
  // over, too.
  work_.step(core::duties::tick{});
  if (!children_.is_from(role::watcher, x) || !departure_.now().takes_records())
    return;
  context_.epochs.saw(x.record.epoch);
  if (!work_.apply(x.record))
    return;
  context_.has_worked = true;
  need_roster();
  live(core::life::record_applied{});
}

// -- the store --------------------------------------------------------------------------

void worker::on(const link_changed& x) {
  alerts_.link_is(x.state == link_state::connected);
  outage_.link_is(x.state == link_state::connected ? std::string{} : x.why);
  if (x.state == link_state::connected) {
    store_.step(core::group_check::connected{});
    // A restarted server may have lost writes that it had acknowledged.
    context_.epochs.connected(x.process, {context_.now(), unix_seconds()});
    live(core::life::doubted{});
  }
  if (!x.foreign)
    return;
  // Work done here would not be coordinated with the workers on the group's store.
  store_.step(core::group_check::foreign_met{});
  // The group's store is away: that is measured like any outage.
  if (life_.in_session() && departure_.now().needs_session())
    session_.leave(x.why);
}

void worker::on(const store_trouble& x) {
  if (children_.runs().is_present(x.run))
    alerts_.hear(x);
  set_alarm();
}

void worker::on(const entry_invalid& x) {
  ++invalid_entries_;
  logger()->warn("{}: bucket {}, key '{}' cannot be read: {}", context_.id.value,
                 x.bucket, x.key, x.why);
}

void worker::on(const partition_list& x) {
  if (x.digest.empty())
    return;
  context_.options.shared_settings["partitions"] = x.digest;
  children_.tell_settings();
}

// -- actors that end --------------------------------------------------------------------

void worker::on(const caf::down_msg& x) {
  if (auto who = children_.ended(x.source)) {
    restart(core::restarts::ended{*who, self_->system().render(x.reason)});
    departure_.step(core::departure::moved_on{});
  } else if (work_.remove_listener(x.source) && !leaving()) {
    departure_.step(core::departure::asked{
        leave_mode::stop, "a listener ended (" + self_->system().render(x.reason)
                              + "), and its work is not done any more; start the worker "
                                "again together with its listener"});
  }
}

void worker::restart(const core::restarts::event& what) {
  core::restarts::situation is{.leaving = leaving(),
                               .in_session = life_.in_session(),
                               .has_id = !context_.id.value.empty(),
                               .leads = life_.leads()};
  for (const auto& x : children_.step(what, is))
    std::visit([this](const auto& y) { carry_out(y); }, x);
  set_alarm();
}

void worker::carry_out(const core::restarts::crashed& x) {
  auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(x.pause);
  logger()->error("{}: the {} ended ({}); starting it again in {} ms", context_.name(),
                  core::to_string(x.who), x.why, ms.count());
}

void worker::carry_out(const core::restarts::end_session& x) {
  live(core::life::held_back{x.next_at});
  session_.end(x.why);
}

// -- status and stats -------------------------------------------------------------------

worker_status worker::status() const {
  const auto& record = context_.applied.get();
  return {.worker_id = context_.id,
          .state = life_.state(),
          .state_reason = life_.reason(),
          .leading = life_.leads(),
          .leader = life_.leader(),
          .applied = record ? stamp_of(*record) : stamp{},
          .partitions = record ? record->partitions : std::vector<grant>{},
          .invalid_entries = invalid_entries_,
          .state_changes = life_.changes(),
          .restarts = children_.runs().count(),
          .store_trouble = alerts_.lasting_trouble()};
}

caf::result<worker_stats> worker::stats() {
  worker_stats result;
  result.group = context_.options.group;
  result.status = status();
  result.epoch = context_.epochs.greatest();
  if (auto until = work_.duties().works_until(); life_.in_session() && until)
    result.session_left = std::chrono::duration_cast<std::chrono::milliseconds>(
        std::max(*until - context_.now(), core::duration{0}));
  alerts_.add_to(result);
  result.led = leadership_.led();
  result.turns = turns_here();
  if (!life_.leads() || !children_.runs().is_alive(role::elector))
    return result;
  auto promise = self_->make_response_promise<worker_stats>();
  self_->request(children_.elector(), caf::infinite, get_lease{})
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
  work_.step(core::duties::tick{});
  outage_.step(core::outage::tick{});
  alerts_.tick();
  departure_.step(core::departure::tick{});
  if (departure_.now().over())
    return;
  store_.step(core::group_check::tick{});
  restart(core::restarts::tick{});
  live(core::life::tick{});
}

void worker::set_alarm() {
  if (departure_.now().over())
    return;
  alerts_.keep_if([this](std::uint64_t run) { return children_.runs().is_present(run); });
  std::optional<core::time_point> at;
  for (const auto& x :
       {life_.wake_at(), departure_.now().wake_at(), outage_.wake_at(), work_.wake_at(),
        alerts_.wake_at(), store_.wake_at(), children_.runs().wake_at()})
    at = core::earlier(at, x);
  alarm_.set(self_, context_.options.clock, 0, at);
}

} // namespace partita
