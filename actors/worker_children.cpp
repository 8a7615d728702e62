#include "partita/actors/calculator.hpp"
#include "partita/actors/elector.hpp"
#include "partita/actors/heartbeat.hpp"
#include "partita/actors/log.hpp"
#include "partita/actors/registrar.hpp"
#include "partita/actors/watcher.hpp"
#include "partita/actors/worker.hpp"

#include <caf/exit_reason.hpp>
#include <caf/send.hpp>

namespace partita {

namespace {

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

template <class Handle, class State, class Options, class... Args>
Handle worker::spawn_child(role x,
                           typename Handle::behavior_type (*body)(
                               typename Handle::template stateful_pointer<State>, Options,
                               Args...),
                           Options options, Args... args) {
  auto& slot = of(x);
  slot.run = options.run = ++runs_;
  slot.alive = true;
  slot.born = self_->clock().now();
  slot.reborn_at.reset();
  auto result = self_->spawn<caf::monitored>(body, std::move(options), args...);
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
  case role::calculator:
    spawn_calculator();
    break;
  }
}

void worker::spawn_registrar() {
  const auto& o = options_;
  registrar_ = spawn_child<registrar_actor, registrar_state>(
      role::registrar, registrar,
      registrar_options{.id = o.id,
                        .self = claim_nonce_,
                        .instance_grace = o.heartbeat.ttl,
                        .startup = o.timeouts.startup,
                        .pause = pause_of(o),
                        .seed = random_()},
      buckets_[stable_id].handle, supervisor_actor{self_});
}

void worker::spawn_heartbeat() {
  const auto& o = options_;
  heartbeat_ = spawn_child<heartbeat_actor, heartbeat_state>(
      role::heartbeat, heartbeat,
      heartbeat_actor_options{.worker_id = id_,
                              .self = incarnation_,
                              .interval = o.heartbeat.interval,
                              .pause = pause_of(o)},
      buckets_[heartbeats].handle, supervisor_actor{self_});
  if (applied_)
    report_progress();
}

void worker::spawn_elector() {
  elector_ = spawn_child<elector_actor, elector_state>(
      role::elector, elector,
      elector_options{.worker_id = id_,
                      .self = make_nonce(),
                      .lease = options_.election.lease,
                      .seed = random_()},
      buckets_[election].handle, supervisor_actor{self_});
}

void worker::spawn_watcher() {
  const auto& o = options_;
  watcher_ = spawn_child<watcher_actor, watcher_state>(
      role::watcher, watcher,
      watcher_options{.worker_id = id_,
                      .self = incarnation_,
                      .asleep_after = o.heartbeat.ttl,
                      .pause = pause_of(o),
                      .applied = applied_ ? stamp_of(*applied_) : stamp{}},
      buckets_[assignments].handle, supervisor_actor{self_});
}

void worker::spawn_calculator() {
  const auto& o = options_;
  calculator_ = spawn_child<calculator_actor, calculator_state>(
      role::calculator, calculator,
      calculator_options{.leader = id_,
                         .self = make_nonce(),
                         .heartbeat_ttl = o.heartbeat.ttl,
                         .pause = pause_of(o),
                         .rebalance = o.rebalance,
                         .strategy = o.strategy},
      buckets_[assignments].handle, buckets_[heartbeats].handle, source_,
      supervisor_actor{self_});
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

void worker::child_down(const caf::actor_addr& who, const caf::error& why) {
  for (std::size_t i = 0; i < role_count; ++i) {
    auto& x = children_[i];
    if (x.address != who)
      continue;
    auto was_alive = x.alive;
    x.alive = false;
    x.address = {};
    if (leaving_ != leaving::no)
      leave_on();
    else if (was_alive)
      crashed(static_cast<role>(i), why);
    return;
  }
}

bool worker::needed(role x) const {
  if (leaving_ != leaving::no || of(x).alive)
    return false;
  if (x == role::registrar)
    return true;
  return !id_.value.empty() && (x != role::calculator || leading_);
}

void worker::crashed(role x, const caf::error& why) {
  auto& slot = of(x);
  auto now = self_->clock().now();
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
  slot.reborn_at = now + pause;
  set_alarm();
}

} // namespace partita
