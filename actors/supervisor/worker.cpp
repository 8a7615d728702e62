// SPDX-License-Identifier: Apache-2.0
#include "partita/actors/supervisor/worker.hpp"

#include "partita/actors/log.hpp"
#include "partita/core/worker/session.hpp"

#include <algorithm>

namespace partita {

namespace {

/// So many past incarnations are remembered; an older one that is found all the same counts as a
/// stranger: it is waited for.
constexpr std::size_t most_past = 64;

} // namespace

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
      leadership_{context_, alerts_, children_, life_, of_leadership()} {
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
          // The store may be to blame, so the watch over it goes on.
          .session_over = [this](const std::string& why) { leave_session(why); },
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
          .draining = [this] { need_roster(); },
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
          .doubt = [this] { doubt(); },
          .need_roster = [this] { need_roster(); },
          .moved = [this] { set_alarm(); }};
}

void worker::start() {
  doubt();
  self_->send(context_.store, caf::actor_cast<link_listener_actor>(self_));
  store_.step(core::group_check::begin{});
}

// -- the life ---------------------------------------------------------------------------

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

void worker::carry_out(const core::life::join&) {
  auto& past = context_.past;
  if (!context_.incarnation.value.empty())
    past.push_back(context_.incarnation);
  if (past.size() > most_past)
    past.erase(past.begin());
  context_.incarnation = context_.make_nonce();
  work_.step(core::duties::joined{});
  // The heartbeat begins once the record can be followed: it asks for work.
  children_.start(role::watcher);
  if (!children_.runs().is_due(role::elector))
    children_.start(role::elector);
}

// -- the id -----------------------------------------------------------------------------

void worker::on(const id_claimed& x) {
  if (!children_.is_from(role::registrar, x) || leaving())
    return;
  if (x.worker_id == context_.id)
    return; // A registrar that was started again found what it held.
  if (!context_.id.value.empty())
    leave_id("the worker id changed to " + x.worker_id.value);
  context_.id = x.worker_id;
  logger()->info("{}: claimed this worker id", context_.name());
  context_.listeners.tell(worker_id_claimed{context_.id});
  live(core::life::id_claimed{context_.id});
}

void worker::on(const id_lost& x) {
  if (!children_.is_from(role::registrar, x) || leaving())
    return;
  children_.kill(role::registrar);
  if (x.fatal) {
    departure_.step(core::departure::asked{leave_mode::stop, x.why});
    return;
  }
  leave_id(x.why);
  children_.start(role::registrar);
}

void worker::leave_id(const std::string& why) {
  logger()->warn("{}: gives up its worker id: {}", context_.name(), why);
  leadership_.stop(why);
  // It removes the key if it holds it, and ends by itself.
  children_.resign();
  children_.forget(role::elector);
  live(core::life::id_lost{});
  end_session(why);
  context_.id = {};
}

// -- the session ------------------------------------------------------------------------

void worker::doubt() {
  context_.epochs.doubt({context_.now(), unix_seconds()});
  live(core::life::doubted{});
}

void worker::leave_session(const std::string& why) {
  // What ended it may have taken more from the store than what we know of.
  doubt();
  children_.kill(role::heartbeat);
  children_.kill(role::watcher);
  work_.drop();
  auto was_in_session = life_.in_session();
  live(core::life::session_over{why});
  if (!was_in_session)
    return;
  logger()->warn("{}: its session is over: {}", context_.name(), why);
  work_.step(core::duties::session_over{why});
}

void worker::end_session(const std::string& why) {
  outage_.step(core::outage::released{});
  leave_session(why);
}

void worker::on(const session_started& x) {
  if (children_.is_from(role::heartbeat, x))
    logger()->debug("{}: beats as {}", context_.name(), context_.incarnation.value);
}

void worker::on(const session_extended& x) {
  if (!children_.is_from(role::heartbeat, x))
    return;
  // Once all work has ended for good, it allows nothing.
  if (life_.in_session())
    work_.extend(x.until);
  work_.step(core::duties::extended{x.until});
  outage_.step(core::outage::acknowledged{
      x.until - core::session_length(context_.options.heartbeat.ttl)});
}

void worker::on(const session_waits& x) {
  if (!children_.is_from(role::heartbeat, x))
    return;
  logger()->info("{}: waits for its session: {}", context_.name(), x.why);
  // The store has answered, and nothing is sent to it for now.
  outage_.step(core::outage::acknowledged{context_.now()});
  outage_.step(core::outage::released{});
}

void worker::on(const record_followed& x) {
  if (children_.is_from(role::watcher, x) && life_.in_session()
      && departure_.now().needs_session() && !children_.runs().is_due(role::heartbeat))
    children_.start(role::heartbeat);
}

void worker::on(const session_over& x) {
  // Its time may have run out at the same moment; that is another matter for the watch
  // over the store.
  work_.step(core::duties::tick{});
  if (children_.is_from(role::heartbeat, x) && departure_.now().needs_session())
    end_session(x.why);
}

void worker::on(const record_lost& x) {
  work_.step(core::duties::tick{});
  if (children_.is_from(role::watcher, x) && departure_.now().needs_session())
    end_session(x.why);
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
  auto wanted =
      life_.leads() || departure_.now().draining() || (record && record->standby != 0);
  if (!wanted || departure_.now().over())
    children_.kill(role::roster);
  else if (!children_.runs().is_due(role::roster))
    children_.start(role::roster);
}

void worker::on(const record_received& x) {
  // What waited in the mailbox while the process slept may be outdated: the session then
  // is over, too.
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
    // A server that was restarted may be back with less than it had acknowledged.
    context_.epochs.connected(x.process, {context_.now(), unix_seconds()});
    live(core::life::doubted{});
  }
  if (!x.foreign)
    return;
  // What is done here would be done without those who use the group's store.
  store_.step(core::group_check::foreign_met{});
  // The store that is meant is away: that is watched as any outage.
  if (life_.in_session() && departure_.now().needs_session())
    leave_session(x.why);
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

// -- births and deaths ------------------------------------------------------------------

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
  end_session(x.why);
}

// -- what is shown ----------------------------------------------------------------------

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
  if (!life_.leads() || !children_.runs().is_alive(role::elector))
    return result;
  auto promise = self_->make_response_promise<worker_stats>();
  self_->request(children_.elector(), caf::infinite, get_lease{})
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
