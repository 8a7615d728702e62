// SPDX-License-Identifier: Apache-2.0
#include "partita/actors/calculator_control.hpp"

#include "partita/actors/log.hpp"
#include "partita/messages/control_codec.hpp"
#include "partita/messages/entries.hpp"

#include <algorithm>
#include <utility>

namespace partita::calculation {

namespace {

/// Numbers of pauses: between two tries to open the bucket; before plans ignore it.
constexpr int pauses_to_open = 50;
constexpr int pauses_to_wait = 20;

core::time_point now(self_pointer self) {
  return self->state.options.clock.now(self);
}

/// From now on plans are made without directives.
void unknown(self_pointer self, const std::string& why) {
  auto& c = self->state.control;
  c.give_up_at.reset();
  auto text =
      "the operators' directives are not known, and plans are made without them: " + why;
  if (std::exchange(c.trouble, text) == text)
    return;
  self->send(self->state.parent, control_unknown{self->state.options.run, text});
  feed(self, core::coordinator::directives_unknown{});
}

void known(self_pointer self) {
  auto& c = self->state.control;
  c.give_up_at.reset();
  if (!std::exchange(c.trouble, {}).empty())
    self->send(self->state.parent, control_unknown{self->state.options.run, {}});
}

void opened(self_pointer self, const bucket_opened& x) {
  auto& c = self->state.control;
  if (x.status != open_status::opened) {
    c.open_again_at = now(self) + self->state.options.pause * pauses_to_open;
    unknown(self, x.why + "; check the bucket " + self->state.options.control_bucket
                      + " and this user's permissions");
    set_alarm(self);
    return;
  }
  c.bucket = x.bucket;
  self->send(c.bucket, kv_watch{c.watch, ">", caf::actor_cast<watch_sink_actor>(self)});
}

void carry_out(self_pointer self, const core::plan_log::commands& what);

/// Carries out what the history commands.
struct writer {
  self_pointer self;

  void operator()(const core::plan_log::create& x) const {
    auto& s = self->state;
    ask_write(self, s.control.bucket, kv_create{history_key(x.id), to_text(x.value)},
              [self = self, id = x.id](const kv_written& answer) {
                if (answer.status == write_status::refused)
                  logger()->warn("{}: the store refuses the history of plans: {}",
                                 self->state.options.leader.value, answer.why);
                carry_out(self, self->state.control.log->created(id, answer, now(self)));
                set_alarm(self);
              });
  }

  void operator()(const core::plan_log::remove& x) const {
    ask_write(self, self->state.control.bucket, kv_remove{history_key(x.id), x.at},
              [self = self, id = x.id](const kv_written& answer) {
                carry_out(self, self->state.control.log->removed(id, answer));
              });
  }
};

void carry_out(self_pointer self, const core::plan_log::commands& what) {
  for (const auto& x : what)
    std::visit(writer{self}, x);
}

void value_shown(self_pointer self, const watch_event& x) {
  const auto& entry = x.entry;
  if (entry.key.starts_with(history_prefix)) {
    auto id = history_id_from(entry.key);
    if (const auto* bad = std::get_if<malformed>(&id))
      report_invalid(self, "control", entry.key, bad->why);
    else if (const auto& plan = std::get<history_id>(id);
             plan.epoch > greatest_epoch(entry.stored_at_ns))
      report_invalid(self, "control", entry.key,
                     "its epoch is more than one day ahead of the server's clock");
    else
      carry_out(self, self->state.control.log->shown(plan, entry.revision));
    return;
  }
  auto value = directive_from(entry.key, entry.value);
  if (const auto* bad = std::get_if<malformed>(&value)) {
    report_invalid(self, "control", entry.key, bad->why);
    // The directive that the key held before is no longer in force.
    feed(self, core::coordinator::directive_gone{entry.key});
    return;
  }
  feed(self,
       core::coordinator::directive_shown{std::get<directive>(std::move(value)),
                                          entry.revision, entry.stored_at_ns, x.at});
}

void removal_shown(self_pointer self, const std::string& key) {
  auto id = history_id_from(key);
  if (const auto* plan = std::get_if<history_id>(&id))
    self->state.control.log->gone(*plan);
  else
    feed(self, core::coordinator::directive_gone{key});
}

} // namespace

void open_control(self_pointer self, std::uint64_t watch) {
  auto& s = self->state;
  s.control.watch = watch;
  s.control.open_again_at.reset();
  if (!s.control.log)
    s.control.log.emplace(core::plan_log::options{s.epoch, s.options.pause});
  if (s.control.trouble.empty())
    s.control.give_up_at = now(self) + s.options.pause * pauses_to_wait;
  open_bucket request;
  request.name = s.options.control_bucket;
  request.replicas = s.options.replicas;
  self->request(s.store, store_gone_after, std::move(request))
      .then([=](const bucket_opened& x) { opened(self, x); },
            [=](const caf::error& err) {
              opened(self, {open_status::unknown, {}, {}, self->system().render(err)});
            });
}

void control_watched(self_pointer self, const watch_event& x) {
  auto& c = self->state.control;
  switch (x.change) {
  case watch_change::value:
    value_shown(self, x);
    break;
  case watch_change::removed:
    removal_shown(self, x.entry.key);
    break;
  case watch_change::replayed:
    known(self);
    carry_out(self, c.log->replayed());
    feed(self, core::coordinator::directives_replayed{});
    break;
  case watch_change::bucket_changed:
    c.log->void_all();
    feed(self, core::coordinator::directives_void{});
    break;
  case watch_change::restarted:
  case watch_change::alive:
    break;
  }
}

void remove_directive(self_pointer self, const core::coordinator::remove_directive& x) {
  ask_write(self, self->state.control.bucket, kv_remove{x.key, x.at},
            [=](const kv_written& answer) {
              feed(self, core::coordinator::directive_removal_answered{x.key, answer});
            });
}

void write_history(self_pointer self, const core::coordinator::planned& x) {
  auto& s = self->state;
  for (const auto& text : x.trouble)
    logger()->warn("{}: {}", s.options.leader.value, text);
  // Without the bucket there is no history; the plan is in the log.
  if (!s.control.bucket)
    return;
  auto entry = x;
  entry.at = unix_seconds();
  entry.strategy = s.options.strategy_name;
  carry_out(self, s.control.log->planned(std::move(entry)));
}

void control_tick(self_pointer self, core::time_point now) {
  auto& c = self->state.control;
  if (c.give_up_at && now >= *c.give_up_at)
    unknown(self, "the bucket " + self->state.options.control_bucket
                      + " could not be read in time");
  if (c.open_again_at && now >= *c.open_again_at)
    open_control(self, c.watch);
  if (c.log)
    carry_out(self, c.log->tick(now));
}

std::optional<core::time_point> control_wake_at(const calculator_state& s) {
  const auto& c = s.control;
  auto result = core::earlier(c.give_up_at, c.open_again_at);
  return c.log ? core::earlier(result, c.log->wake_at()) : result;
}

} // namespace partita::calculation
