// SPDX-License-Identifier: Apache-2.0
#include "partita/actors/calculator.hpp"
#include "partita/actors/elector.hpp"
#include "partita/actors/heartbeat.hpp"
#include "partita/actors/log.hpp"
#include "partita/actors/registrar.hpp"
#include "partita/actors/roster.hpp"
#include "partita/actors/supervisor/worker.hpp"
#include "partita/actors/watcher.hpp"

#include <caf/exit_reason.hpp>
#include <caf/send.hpp>
#include <caf/spawn_options.hpp>

#include <type_traits>

namespace partita {

namespace {

/// A working watch shows signs of life every half second; before that much time has
/// passed the store itself makes a silent one anew.
constexpr std::chrono::milliseconds watch_patience{2000};

/// Between two tries of one request to the store.
std::chrono::milliseconds pause_of(const worker_options& o) {
  return std::max(o.timeouts.request / 5, 10ms);
}

} // namespace

const char* to_string(role x) {
  switch (x) {
  case role::registrar:
    return "registrar";
  case role::heartbeat:
    return "heartbeat";
  case role::elector:
    return "elector";
  case role::watcher:
    return "watcher";
  case role::roster:
    return "roster";
  case role::calculator:
    return "calculator";
  }
  return "?";
}

worker::~worker() {
  for (std::size_t i = 0; i < role_count; ++i)
    kill(static_cast<role>(i));
}

bool worker::current(role x, std::uint64_t run) const {
  return of(x).alive && of(x).run == run;
}

template <caf::spawn_options How, class Handle, class State, class Options, class... Args>
Handle worker::spawn_child(role x,
                           typename Handle::behavior_type (*body)(
                               typename Handle::template stateful_pointer<State>, Options,
                               Args...),
                           Options options, Args... args) {
  auto& slot = of(x);
  slot.run = options.run = ++runs_;
  slot.alive = true;
  slot.born = time_now();
  slot.reborn_at.reset();
  auto result = self_->spawn<How>(body, std::move(options), args...);
  slot.address = result->address();
  return result;
}

void worker::spawn(role x) {
  switch (x) {
  case role::registrar:
    spawn_registrar();
    break;
  case role::heartbeat:
    spawn_heartbeat();
    break;
  case role::elector:
    spawn_elector();
    break;
  case role::watcher:
    spawn_watcher();
    break;
  case role::roster:
    spawn_roster();
    break;
  case role::calculator:
    spawn_calculator();
    break;
  }
}

void worker::spawn_registrar() {
  const auto& o = options_;
  registrar_ = spawn_child<caf::monitored, registrar_actor, registrar_state>(
      role::registrar, registrar,
      registrar_options{.id = o.id,
                        .self = claim_nonce_,
                        .instance_grace = o.heartbeat.ttl,
                        .startup = o.timeouts.startup,
                        .pause = pause_of(o),
                        .seed = random_(),
                        .clock = o.clock},
      buckets_[stable_id].handle, supervisor_actor{self_});
}

void worker::spawn_heartbeat() {
  const auto& o = options_;
  heartbeat_ = spawn_child<caf::monitored, heartbeat_actor, heartbeat_state>(
      role::heartbeat, heartbeat,
      heartbeat_actor_options{.worker_id = id_,
                              .self = incarnation_,
                              .interval = o.heartbeat.interval,
                              .ttl = o.heartbeat.ttl,
                              .pause = pause_of(o),
                              .exclusive = o.ownership == ownership::exclusive,
                              .capacity = o.capacity,
                              .zone = o.zone,
                              .settings = shared_settings(),
                              .past = past_,
                              .clock = o.clock},
      buckets_[heartbeats].handle, supervisor_actor{self_});
}

std::map<std::string, std::string> worker::shared_settings() const {
  auto result = options_.shared_settings;
  const auto& o = options_.rebalance;
  result.emplace("rebalance.restart_hold",
                 std::to_string(o.restart_hold.count()) + " ms");
  result.emplace("rebalance.handoff_timeout",
                 std::to_string(o.handoff_timeout.count()) + " ms");
  return result;
}

void worker::spawn_elector() {
  elector_ = spawn_child<caf::monitored, elector_actor, elector_state>(
      role::elector, elector,
      elector_options{.worker_id = id_,
                      .self = make_nonce(),
                      .lease = options_.election.lease,
                      .probe_grace = options_.election.probe_grace,
                      .seed = random_(),
                      .clock = options_.clock},
      buckets_[election].handle, store_, supervisor_actor{self_});
  tell_rank();
}

void worker::tell_rank() {
  if (of(role::elector).alive)
    self_->send(elector_, stand_by{applied_ ? applied_->standby : 0});
}

void worker::spawn_watcher() {
  const auto& o = options_;
  watcher_ = spawn_child<caf::monitored, watcher_actor, watcher_state>(
      role::watcher, watcher,
      watcher_options{.worker_id = id_,
                      .self = incarnation_,
                      .terms = {o.heartbeat.ttl, o.ownership},
                      .silence = std::max(o.heartbeat.ttl, watch_patience),
                      .pause = pause_of(o),
                      .exclusive = o.ownership == ownership::exclusive,
                      .established = applied_.has_value(),
                      .clock = o.clock},
      buckets_[assignments].handle, supervisor_actor{self_});
}

void worker::spawn_roster() {
  roster_ = spawn_child<caf::monitored, roster_actor, roster_state>(
      role::roster, roster,
      roster_options{.self = id_, .longest_ttl = longest_ttl_, .clock = options_.clock},
      buckets_[heartbeats].handle, supervisor_actor{self_});
}

void worker::need_roster() {
  tell_rank();
  auto wanted =
      leading_ || leaving_ == leaving::drain || (applied_ && applied_->standby != 0);
  if (wanted && !of(role::roster).alive && !of(role::roster).reborn_at)
    spawn(role::roster);
  else if (!wanted)
    kill(role::roster);
}

void worker::doubt() {
  doubted_since_ = {time_now(), unix_seconds()};
  doubted_while_calculating_ = true;
  identified_ = false;
}

epoch worker::epoch_floor() const {
  // Above all that may have been granted before the doubt (core::epoch_takeover). Bounded, so
  // that a clock that is decades ahead does not use up the numbers.
  auto floor = std::max(unix_seconds(),
                        doubted_since_.unix_seconds + core::epoch_takeover::usual_lead);
  floor = std::clamp<std::int64_t>(floor, 0, std::int64_t{1} << 32);
  return {std::max(static_cast<std::uint64_t>(floor), greatest_epoch_.value + 1)};
}

void worker::spawn_calculator() {
  const auto& o = options_;
  doubted_while_calculating_ = false;
  calculator_options with{.leader = id_,
                          .self = make_nonce(),
                          .heartbeat_ttl = o.heartbeat.ttl,
                          .longest_ttl = longest_ttl_,
                          .ownership = o.ownership,
                          .pause = pause_of(o),
                          .rebalance = o.rebalance,
                          .grace = o.degraded.grace,
                          .epoch_floor = epoch_floor(),
                          .doubted_since = doubted_since_.now,
                          .strategy = o.strategy,
                          .strategy_name = o.strategy_name,
                          .control_bucket = o.buckets.control,
                          .replicas = o.buckets.replicas,
                          .clock = o.clock};
  auto born = [&](auto how) {
    return spawn_child<how(), calculator_actor, calculator_state>(
        role::calculator, calculator, with, buckets_[assignments].handle,
        buckets_[heartbeats].handle, store_, roster_, source_, supervisor_actor{self_});
  };
  // Planning may take long and must not delay heartbeats.
  constexpr auto on_own_thread = caf::monitored + caf::detached;
  calculator_ = o.clock.is_virtual()
                    ? born(std::integral_constant<caf::spawn_options, caf::monitored>{})
                    : born(std::integral_constant<caf::spawn_options, on_own_thread>{});
}

void worker::kill(role x) {
  auto& slot = of(x);
  slot.reborn_at.reset();
  if (!slot.alive)
    return;
  slot.alive = false;
  // With high priority: it must not work off the mail that waits before this.
  auto target = caf::actor_cast<caf::strong_actor_ptr>(slot.address);
  if (target)
    target->get()->eq_impl(caf::make_message_id(caf::message_priority::high), nullptr,
                           nullptr,
                           caf::exit_msg{self_->address(), caf::exit_reason::kill});
}

void worker::somebody_down(const caf::actor_addr& who, const caf::error& why) {
  for (std::size_t i = 0; i < role_count; ++i) {
    auto& x = children_[i];
    if (x.address != who)
      continue;
    auto was_alive = x.alive;
    x.alive = false;
    x.address = {};
    child_down(static_cast<role>(i), was_alive, why);
    return;
  }
  if (auto number = listeners_.remove(who))
    listener_down(*number, why);
}

void worker::child_down(role x, bool was_alive, const caf::error& why) {
  if (leaving_ == leaving::no) {
    if (was_alive)
      crashed(x, why);
    return;
  }
  if (was_alive && leaving_ < leaving::heartbeat
      && (x == role::heartbeat || x == role::watcher))
    end_session(std::string{"the "} + to_string(x) + " ended");
  leave_on();
}

bool worker::needed(role x) const {
  if (leaving_ != leaving::no || of(x).alive)
    return false;
  if (x == role::registrar)
    return true;
  if (x == role::watcher)
    return in_session_;
  return !id_.value.empty() && (x != role::calculator || leading_);
}

void worker::crashed(role x, const caf::error& why) {
  auto& slot = of(x);
  auto now = time_now();
  ++restarts_;
  if (x == role::elector)
    stop_leading("the elector ended");
  // One that lived for long did not fail at what the one before failed at.
  if (now - slot.born > 30s)
    slot.backoff.reset();
  auto pause = slot.backoff.next(random_);
  logger()->error("{}: the {} ended ({}); starting it again in {} ms", id_.value,
                  to_string(x), self_->system().render(why),
                  std::chrono::duration_cast<std::chrono::milliseconds>(pause).count());
  if (x == role::heartbeat) {
    // What it wrote last is not known, so its session cannot go on.
    join_at_ = now + pause;
    end_session("the heartbeat ended");
  } else {
    slot.reborn_at = now + pause;
  }
  if (x == role::roster && leading_) {
    // A calculator without news of heartbeats would wait for ever: both begin anew.
    kill(role::calculator);
    of(role::calculator).reborn_at = slot.reborn_at;
  }
  set_alarm();
}

} // namespace partita
