// SPDX-License-Identifier: Apache-2.0
#include "partita/actors/supervisor/worker.hpp"

#include "partita/actors/calculator.hpp"
#include "partita/actors/children.hpp"

#include <caf/exit_reason.hpp>
#include <caf/send.hpp>

#include <type_traits>

namespace partita {

namespace {

/// A working watch shows activity every half second; the store itself rebuilds a silent
/// one in less than this time.
constexpr std::chrono::milliseconds watch_patience{2000};

/// Between two tries of one request to the store.
std::chrono::milliseconds pause_of(const worker_options& o) {
  return std::max(o.timeouts.request / 5, 10ms);
}

} // namespace

template <caf::spawn_options How, class Behavior, class Self, class Options,
          class... Args>
auto worker_children::spawn(role x, Behavior (*body)(Self*, Options, Args...),
                            Options options, Args... args) {
  options.run = runs_.started(x, context_.now());
  auto result = context_.self->spawn<How>(body, std::move(options), args...);
  monitor(context_.self, result, actor_ended);
  address(x) = result.address();
  return result;
}

void worker_children::start(role x) {
  auto& c = context_;
  const auto& o = c.options;
  switch (x) {
  case role::registrar:
    registrar_ = spawn(
        x, registrar,
        {.prefix = o.worker.id_prefix,
         .claim = {.min = o.worker.id_min,
                   .max = o.worker.id_max,
                   .instance = o.worker.instance,
                   .ttl = o.worker.id_ttl,
                   .instance_grace = o.heartbeat.ttl,
                   .startup = c.has_worked
                                  ? std::nullopt
                                  : std::optional<core::duration>{o.timeouts.startup},
                   .pause = pause_of(o),
                   .self = c.claim_nonce,
                   .seed = c.random()},
         .clock = o.clock},
        c.buckets[stable_id], parent());
    break;
  case role::heartbeat:
    tell_guard(core::nonce_use::claim, c.claim_nonce);
    tell_guard(core::nonce_use::heartbeat, c.incarnation);
    heartbeat_ = spawn(x, partita::heartbeat,
                       {.worker_id = c.id,
                        .session = {.self = c.incarnation,
                                    .interval = o.heartbeat.interval,
                                    .ttl = o.heartbeat.ttl,
                                    .pause = pause_of(o),
                                    .program_version = PARTITA_VERSION,
                                    .capacity = o.worker.capacity,
                                    .zone = o.worker.zone,
                                    .exclusive = c.exclusive(),
                                    .past = c.past},
                        .settings = settings(),
                        .clock = o.clock},
                       c.buckets[heartbeats], parent());
    break;
  case role::elector: {
    auto candidate = c.make_nonce();
    tell_guard(core::nonce_use::leader, candidate);
    elector_ = spawn(x, partita::elector,
                     {.worker_id = c.id,
                      .self = candidate,
                      .lease = o.election.lease,
                      .probe_grace = o.election.probe_grace,
                      .seed = c.random(),
                      .clock = o.clock},
                     c.buckets[election], parent(), c.store);
    tell_rank();
    break;
  }
  case role::watcher:
    watcher_ = spawn(
        x, watcher,
        {.worker_id = c.id,
         .record = {.self = c.incarnation,
                    .terms = {o.heartbeat.ttl, o.group.ownership},
                    .silence = std::max(
                        {o.heartbeat.ttl, o.rebalance.handoff_timeout, watch_patience}),
                    .pause = pause_of(o),
                    .exclusive = c.exclusive(),
                    .established = c.applied.get().has_value()},
         .clock = o.clock},
        c.buckets[assignments], parent());
    break;
  case role::roster:
    roster_ =
        spawn(x, roster, {.self = c.id, .longest_ttl = c.longest_ttl, .clock = o.clock},
              c.buckets[heartbeats], parent());
    break;
  case role::calculator:
    start_calculator();
    break;
  case role::count:
    break;
  }
}

void worker_children::start_calculator() {
  auto& c = context_;
  const auto& o = c.options;
  auto [usual, on_known_server] = c.epochs.begin(unix_seconds());
  calculator_options with{.coordinator = {.epoch = {},
                                          .leader = c.id,
                                          .heartbeat_ttl = o.heartbeat.ttl,
                                          .longest_ttl = c.longest_ttl,
                                          .ownership = o.group.ownership,
                                          .grace = o.degraded.grace,
                                          .pause = pause_of(o),
                                          .rebalance = o.rebalance,
                                          .strategy = o.strategy},
                          .takeover = {.leader = c.id,
                                       .self = c.make_nonce(),
                                       .pause = pause_of(o),
                                       .usual = usual,
                                       .on_known_server = on_known_server},
                          .strategy_name = o.strategy_name,
                          .control_bucket = o.buckets.control,
                          .replicas = o.buckets.replicas,
                          .clock = o.clock};
  auto start_with = [&](auto how) {
    return spawn<how()>(role::calculator, calculator, with, c.buckets[assignments],
                        c.buckets[heartbeats], c.store, roster_, c.source, parent());
  };
  // Planning may take long and must not delay heartbeats.
  using how = caf::spawn_options;
  calculator_ = o.clock.is_virtual()
                    ? start_with(std::integral_constant<how, caf::no_spawn_options>{})
                    : start_with(std::integral_constant<how, caf::detached>{});
}

/// What every heartbeat states of our settings (`beat::settings`).
std::map<std::string, std::string> worker_children::settings() const {
  auto result = context_.options.shared_settings;
  const auto& o = context_.options.rebalance;
  result.emplace("rebalance.restart_hold",
                 std::to_string(o.restart_hold.count()) + " ms");
  result.emplace("rebalance.handoff_timeout",
                 std::to_string(o.handoff_timeout.count()) + " ms");
  return result;
}

void worker_children::kill(role x) {
  auto was_alive = runs_.is_alive(x);
  forget(x);
  if (was_alive)
    end(x);
}

void worker_children::end(role x) {
  // With high priority: the child must not handle the messages that wait before this one.
  if (auto target = caf::actor_cast<caf::strong_actor_ptr>(address(x)))
    send_urgent(caf::actor_cast<caf::actor>(target),
                caf::exit_msg{context_.self->address(), caf::exit_reason::kill});
}

void worker_children::kill_all() {
  for (std::size_t i = 0; i < count_of<core::role>; ++i)
    kill(static_cast<role>(i));
}

std::optional<core::role> worker_children::ended(const caf::actor_addr& who) {
  auto i = std::find(addresses_.begin(), addresses_.end(), who);
  if (i == addresses_.end())
    return std::nullopt;
  *i = {};
  return static_cast<role>(i - addresses_.begin());
}

// -- messages to them -------------------------------------------------------------------

/// Before anything is written with it.
void worker_children::tell_guard(core::nonce_use use, const nonce& x) const {
  if (context_.options.on_deadline)
    context_.options.on_deadline->used({use, context_.id, x});
}

void worker_children::tell_rank() {
  const auto& record = context_.applied.get();
  tell(role::elector, elector_, stand_by{record ? record->standby : 0});
}

void worker_children::tell_settings() {
  tell(role::heartbeat, heartbeat_, shared_settings{settings()});
}

template <class Answer, class Handle, class Request, class F>
void worker_children::ask(const Handle& who, Request what, F answered) {
  // If there is no answer, the deadline for leaving ends the wait.
  mail(context_.self, std::move(what))
      .request(who, context_.options.timeouts.shutdown)
      .then([answered](const Answer& x) { answered(x); }, [](const caf::error&) {});
}

void worker_children::resign() {
  if (runs_.is_alive(role::elector))
    ask<resigned>(elector_, partita::resign{}, [](const resigned&) {});
}

void worker_children::say_goodbye(bool restarting) {
  if (restarting)
    tell_guard(core::nonce_use::restart, context_.incarnation);
  ask<goodbye_said>(
      heartbeat_, partita::say_goodbye{restarting}, [this](const goodbye_said& x) {
        if (!x.acknowledged)
          context_.log().warn("the store did not acknowledge the goodbye; the group "
                              "notices the end by the missing heartbeats");
      });
}

void worker_children::release_id() {
  ask<id_released>(registrar_, partita::release_id{}, [](const id_released&) {});
}

} // namespace partita
