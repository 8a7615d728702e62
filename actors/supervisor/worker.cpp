// SPDX-License-Identifier: Apache-2.0
#include "partita/actors/supervisor/worker.hpp"

#include "partita/actors/log.hpp"
#include "partita/core/worker/lifecycle.hpp"
#include "partita/core/worker/session.hpp"
#include "partita/messages/codec.hpp"

#include <algorithm>
#include <unordered_set>

namespace partita {

namespace {

std::uint64_t seed_of(const worker_options& options) {
  if (options.random_seed != 0)
    return options.random_seed;
  std::random_device device;
  return (std::uint64_t{device()} << 32) | device();
}

constexpr std::size_t most_past = 64;

std::vector<partition> partitions_of(const std::vector<grant>& xs) {
  std::vector<partition> result;
  result.reserve(xs.size());
  for (const auto& x : xs)
    result.push_back(x.partition);
  return result;
}

/// What is in `xs` and not in `ys`.
std::vector<partition> missing_in(const std::vector<grant>& ys,
                                  const std::vector<grant>& xs) {
  std::unordered_set<std::string> names;
  for (const auto& y : ys)
    names.insert(name_of(y.partition));
  std::vector<partition> result;
  for (const auto& x : xs)
    if (!names.contains(name_of(x.partition)))
      result.push_back(x.partition);
  return result;
}

} // namespace

worker::worker(supervisor_pointer self, worker_options options, store_actor store,
               partition_source_actor source, listener_actor listener)
    : self_{self},
      options_{std::move(options)},
      store_{std::move(store)},
      source_{std::move(source)},
      listeners_{self},
      random_{seed_of(options_)},
      duties_{{.exclusive = options_.ownership == ownership::exclusive,
               .stop_within = options_.rebalance.handoff_timeout / 2,
               .margin = work_margin()}},
      outage_{{.after = options_.degraded.after,
               .warn = options_.degraded.warn,
               .error = options_.degraded.error,
               .critical = options_.degraded.critical}},
      source_alert_{{.error = options_.degraded.error,
                     .over = "the list of partitions can be had again"}},
      settings_alert_{{.error = {}, .over = "the settings of all workers agree again"}},
      longest_ttl_{options_.heartbeat.ttl},
      identity_{{.group = options_.group,
                 .ownership = options_.ownership,
                 .fresh_uid = make_nonce(),
                 .bucket = options_.buckets.assignment}} {
  add_listener(listener);
  claim_nonce_ = make_nonce();
}

nonce worker::make_nonce() {
  if (options_.random_seed != 0)
    return {fmt::format("{:016x}{:016x}", random_(), random_())};
  // All 128 bits from the system: a generator that is seeded with 64 bits has too few states.
  std::random_device device;
  return {
      fmt::format("{:08x}{:08x}{:08x}{:08x}", device(), device(), device(), device())};
}

// -- state ------------------------------------------------------------------------------

void worker::change(worker_state to, const std::string& reason) {
  if (state_ != worker_state::degraded || to == worker_state::shutdown)
    set_state(to, reason);
  else if (to == worker_state::claiming_id)
    lost_while_degraded_ = true;
}

void worker::set_state(worker_state to, const std::string& reason) {
  if (state_ == to)
    return;
  if (!core::may_change(state_, to, before_degraded_)) {
    logger()->error("{}: refused the change of state from {} to {} ({})", id_.value,
                    to_string(state_), to_string(to), reason);
    return;
  }
  logger()->info("{}: {} -> {}: {}", id_.value.empty() ? "new worker" : id_.value,
                 to_string(state_), to_string(to), reason);
  ++state_changes_;
  state_changed news{id_, state_, to, reason};
  state_ = to;
  state_reason_ = reason;
  listeners_.tell(news);
}

void worker::show_phase() {
  auto busy = state_ == worker_state::scaling || state_ == worker_state::rebalancing
              || state_ == worker_state::emergency;
  if (state_ != worker_state::stable && !busy)
    return; // Shown once this worker has its own assignment.
  auto to = leading_ ? phase_ : worker_state::stable;
  if (to == state_)
    return;
  if (state_ != worker_state::stable && to != worker_state::stable
      && !core::may_change(state_, to, state_))
    change(worker_state::stable, "done");
  change(to, leading_ ? phase_reason_ : "leads no more");
}

void worker::catch_up() {
  if (state_ == worker_state::claiming_id && in_session_)
    change(worker_state::election, "holds " + id_.value);
  if (state_ == worker_state::election && !leader_.value.empty())
    change(worker_state::waiting_assignment, leader_.value + " leads");
  if (state_ == worker_state::election && applied_)
    change(worker_state::waiting_assignment, "its record was published");
  if (state_ == worker_state::waiting_assignment && applied_)
    change(worker_state::stable, "received its first assignment");
  show_phase();
}

// -- the id -----------------------------------------------------------------------------

void worker::on(const id_claimed& x) {
  if (!current(role::registrar, x.run) || leaving_ != leaving::no)
    return;
  if (x.worker_id == id_)
    return; // A registrar that was started again found what it held.
  if (!id_.value.empty())
    leave_id("the worker id changed to " + x.worker_id.value);
  id_ = x.worker_id;
  logger()->info("{}: claimed this worker id", id_.value);
  listeners_.tell(worker_id_claimed{id_});
  try_to_join();
}

void worker::on(const id_lost& x) {
  if (!current(role::registrar, x.run) || leaving_ != leaving::no)
    return;
  kill(role::registrar);
  if (x.fatal) {
    begin_leaving(x.why, leave_mode::stop);
    return;
  }
  leave_id(x.why);
  spawn(role::registrar);
}

void worker::leave_id(const std::string& why) {
  logger()->warn("{}: gives up its worker id: {}", id_.value, why);
  stop_leading(why);
  if (of(role::elector).alive) {
    // It removes the key if it holds it, and ends by itself.
    let_go_of_election();
    of(role::elector).alive = false;
  }
  leaving_id_ = true;
  end_session(why);
  leaving_id_ = false;
  id_ = {};
  leader_ = {};
}

// -- the session ------------------------------------------------------------------------

void worker::try_to_join() {
  if (leaving_ == leaving::no && !in_session_ && !id_.value.empty() && !leaving_id_
      && !join_at_ && !identify_at_ && duties_.idle()) {
    if (identified_)
      join();
    else
      identify_group();
  }
}

void worker::join() {
  if (!incarnation_.value.empty())
    past_.push_back(incarnation_);
  // An older one that is found all the same counts as a stranger: it is waited for.
  if (past_.size() > most_past)
    past_.erase(past_.begin());
  incarnation_ = make_nonce();
  in_session_ = true;
  feed(core::duties::joined{});
  spawn(role::heartbeat);
  spawn(role::watcher);
  if (!of(role::elector).alive && !of(role::elector).reborn_at)
    spawn(role::elector);
  catch_up();
}

void worker::leave_session(const std::string& why) {
  // Whatever ended it may have taken more from the store than what we know of.
  doubt();
  kill(role::heartbeat);
  kill(role::watcher);
  drop_assignment();
  if (leaving_ == leaving::no)
    change(worker_state::claiming_id, why);
  if (std::exchange(in_session_, false)) {
    logger()->warn("{}: its session is over: {}", id_.value, why);
    feed(core::duties::session_over{why});
  }
}

void worker::end_session(const std::string& why) {
  watch_store(core::outage::released{});
  leave_session(why);
}

void worker::on(const session_started& x) {
  if (current(role::heartbeat, x.run))
    logger()->debug("{}: beats as {}", id_.value, incarnation_.value);
}

void worker::on(const session_extended& x) {
  if (!current(role::heartbeat, x.run))
    return;
  // Before what the extension allows. Once all work has ended for good, it allows nothing.
  if (options_.ownership == ownership::exclusive && in_session_) {
    observe_deadline(x.until + work_margin());
    for (const auto& y : session_listeners_)
      self_->send(y, session_valid{x.until});
  }
  feed(core::duties::extended{x.until});
  watch_store(
      core::outage::proven{x.until - core::session_length(options_.heartbeat.ttl)});
}

void worker::on(const session_waits& x) {
  if (!current(role::heartbeat, x.run))
    return;
  logger()->info("{}: waits for its session: {}", id_.value, x.why);
  // The store has answered, and there is nothing to prove for now.
  watch_store(core::outage::proven{time_now()});
  watch_store(core::outage::released{});
}

void worker::on(const session_over& x) {
  // Its time may have run out at the same moment; that is another matter for the watch
  // over the store.
  feed(core::duties::tick{});
  if (current(role::heartbeat, x.run) && leaving_ < leaving::heartbeat)
    end_session(x.why);
}

void worker::on(const record_lost& x) {
  feed(core::duties::tick{});
  if (current(role::watcher, x.run) && leaving_ < leaving::heartbeat)
    end_session(x.why);
}

// -- leadership -------------------------------------------------------------------------

void worker::on(const elected& x) {
  if (!current(role::elector, x.run) || leaving_ != leaving::no || leading_)
    return;
  leading_ = true;
  leader_ = id_;
  logger()->info("{}: leads: {}", id_.value, x.why);
  listeners_.tell(leadership_changed{id_, true, x.why});
  catch_up();
  need_roster();
  spawn(role::calculator);
}

void worker::on(const deposed& x) {
  if (current(role::elector, x.run))
    stop_leading(x.why);
}

void worker::stop_leading(const std::string& why) {
  if (!leading_)
    return;
  leading_ = false;
  kill(role::calculator);
  // Whoever leads next says what it finds.
  watch_source({});
  watch_settings({});
  forget_group();
  control_is_known("this worker leads no more");
  need_roster();
  logger()->info("{}: leads no more: {}", id_.value, why);
  listeners_.tell(leadership_changed{id_, false, why});
  phase_ = worker_state::stable;
  show_phase();
}

void worker::on(const leader_seen& x) {
  if (!current(role::elector, x.run))
    return;
  leader_ = x.leader;
  catch_up();
}

caf::result<may_act> worker::on(const adopted& x) {
  if (!current(role::calculator, x.run))
    return caf::sec::request_receiver_down; // It has been killed.
  if (doubted_while_calculating_) {
    // What it goes by may be what the store had lost something of, and its epoch, too. The
    // news of a connection comes here before the answers that the connection brings.
    kill(role::calculator);
    spawn(role::calculator);
    return caf::sec::request_receiver_down;
  }
  greatest_epoch_ = std::max(greatest_epoch_, x.epoch);
  logger()->info("{}: acts as leader with epoch {}", id_.value, x.epoch.value);
  listeners_.tell(calculator_adopted{id_, x.epoch});
  return may_act{};
}

void worker::on(const phase_changed& x) {
  if (!current(role::calculator, x.run) || leaving_ != leaving::no)
    return;
  phase_ = x.phase;
  phase_reason_ = x.why;
  show_phase();
}

void worker::on(const superseded& x) {
  if (!current(role::calculator, x.run))
    return;
  greatest_epoch_ = std::max(greatest_epoch_, x.by);
  doubt();
  auto why = x.by.value == 0
                 ? std::string{"the assignment bucket was made anew"}
                 : "another leader has the greater epoch " + std::to_string(x.by.value);
  kill(role::calculator);
  self_->send(elector_, abdicate{why});
}

void worker::on(const stepped_down& x) {
  if (!current(role::calculator, x.run))
    return;
  kill(role::calculator);
  self_->send(elector_, abdicate{x.why});
}

void worker::on(const control_unknown& x) {
  if (!current(role::calculator, x.run))
    return;
  if (!x.why.empty()) {
    control_unknown_since_ = control_unknown_since_.value_or(time_now());
    alert(alert_level::warn, "control_unknown", x.why,
          time_now() - *control_unknown_since_, false);
  } else {
    control_is_known("the operators' directives are known again");
  }
}

void worker::control_is_known(const char* why) {
  if (!control_unknown_since_)
    return;
  alert(alert_level::info, "control_unknown", why, time_now() - *control_unknown_since_,
        true);
  control_unknown_since_.reset();
}

// -- the assignment ---------------------------------------------------------------------

void worker::on(const record_received& x) {
  // What waited in the mailbox while the process slept may be outdated: the session then
  // is over, too.
  feed(core::duties::tick{});
  if (!current(role::watcher, x.run) || leaving_ > leaving::drain)
    return;
  greatest_epoch_ = std::max(greatest_epoch_, x.record.epoch);
  apply(x.record);
}

void worker::apply(const record& x) {
  // A watcher that was started again shows what is known.
  if (applied_ && stamp_of(x) <= stamp_of(*applied_))
    return;
  if (x.version.value == 0) {
    // A leader has sealed the empty record; nobody has decided anything yet.
    feed(core::duties::recorded{x});
    return;
  }
  static const record nothing;
  const auto& before = applied_ ? *applied_ : nothing;
  assignment_changed news{id_,
                          x.version,
                          x.epoch,
                          x.lifecycle,
                          x.partitions,
                          missing_in(before.partitions, x.partitions),
                          missing_in(x.partitions, before.partitions)};
  logger()->info(
      "{}: assignment {} of epoch {} ({}): {} partitions, {} added, {} removed",
      id_.value, x.version.value, x.epoch.value, to_string(x.lifecycle),
      x.partitions.size(), news.added.size(), news.removed.size());
  applied_ = x;
  listeners_.tell(news);
  feed(core::duties::recorded{x});
  need_roster();
  catch_up();
}

void worker::drop_assignment() {
  if (!applied_)
    return;
  auto last = std::move(*applied_);
  applied_.reset();
  if (last.partitions.empty())
    return;
  listeners_.tell(assignment_changed{id_,
                                     last.version,
                                     last.epoch,
                                     last.lifecycle,
                                     {},
                                     {},
                                     partitions_of(last.partitions)});
}

// -- the rest ---------------------------------------------------------------------------

void worker::on(const link_changed& x) {
  why_away_ = x.state == link_state::connected ? std::string{} : x.why;
  // A server that was away may be back with less than it had acknowledged.
  if (x.state == link_state::connected) {
    doubt();
    // The store lets no other server through than one that may be the group's.
    survey_wanted_ = survey_wanted_ && !identity_.is_settled();
    // What it waited for.
    if (std::exchange(identify_at_, std::nullopt))
      try_to_join();
  }
  if (!x.foreign)
    return;
  // What is done here would be done without those who use the group's store.
  survey_wanted_ = true;
  // The store that is meant is away: that is watched as any outage.
  if (in_session_ && leaving_ < leaving::heartbeat)
    leave_session(x.why);
}

void worker::on(const entry_invalid& x) {
  ++invalid_entries_;
  logger()->warn("{}: bucket {}, key '{}' cannot be read: {}", id_.value, x.bucket, x.key,
                 x.why);
}

void worker::on(const settings_differ& x) {
  if (current(role::calculator, x.run))
    watch_settings(x.why);
}

void worker::on(const longer_ttl_seen& x) {
  // Also from a roster that has ended.
  longest_ttl_ = std::max(longest_ttl_, x.ttl);
}

void worker::on(const source_trouble& x) {
  if (current(role::calculator, x.run) && leaving_ == leaving::no)
    watch_source(x.why);
}

worker_status worker::status() const {
  return {.worker_id = id_,
          .state = state_,
          .state_reason = state_reason_,
          .leading = leading_,
          .leader = leader_,
          .applied = applied_ ? stamp_of(*applied_) : stamp{},
          .partitions = applied_ ? applied_->partitions : std::vector<grant>{},
          .invalid_entries = invalid_entries_,
          .state_changes = state_changes_,
          .restarts = restarts_};
}

void worker::ring(const wake& x) {
  if (!alarm_.rings(x, 0))
    return;
  auto now = time_now();
  feed(core::duties::tick{});
  watch_store(core::outage::tick{});
  tell("partitions_unknown", source_alert_.tick(now));
  if (leaving_ != leaving::no && !ring_while_leaving(now))
    return;
  if (open_again_at_ && now >= *open_again_at_) {
    open_again_at_.reset();
    identify_group();
  }
  for (std::size_t i = 0; i < role_count; ++i) {
    auto& slot = children_[i];
    if (slot.reborn_at && now >= *slot.reborn_at) {
      slot.reborn_at.reset();
      if (needed(static_cast<role>(i)))
        spawn(static_cast<role>(i));
    }
  }
  for (auto* at : {&join_at_, &identify_at_})
    if (*at && now >= **at) {
      at->reset();
      try_to_join();
    }
  set_alarm();
}

void worker::set_alarm() {
  auto at = core::earlier(open_again_at_, leave_until_);
  for (const auto& x :
       {join_at_, identify_at_, elector_until_, drain_until_, count_again_at_,
        duties_.wake_at(), outage_.wake_at(), source_alert_.wake_at()})
    at = core::earlier(at, x);
  for (const auto& x : children_)
    at = core::earlier(at, x.reborn_at);
  alarm_.set(self_, options_.clock, 0, at);
}

} // namespace partita
