// SPDX-License-Identifier: Apache-2.0
#include "partita/actors/calculator.hpp"

#include "partita/core/match.hpp"
#include "partita/messages/control_codec.hpp"
#include "partita/messages/entries.hpp"
#include "partita/messages/keys.hpp"

#include <utility>

namespace partita::calculation {

namespace {

/// Numbers of pauses: between two tries to open the bucket; before plans ignore it.
constexpr int pauses_to_open = 50;
constexpr int pauses_to_wait = 20;

using partita::report;

void invalid(self_pointer self, const char* bucket, const kv_entry& entry,
             const std::string& why) {
  state_of(self).invalid.report(self, bucket, entry.key, why);
}

/// From now on plans are made without directives.
void unknown(self_pointer self, const std::string& why) {
  auto& c = state_of(self).control;
  c.give_up_at.reset();
  auto text =
      "the operators' directives are not known, and plans are made without them: " + why;
  if (std::exchange(c.trouble, text) == text)
    return;
  report<control_unknown>(self, text);
  feed(self, core::coordinator::directives_unknown{});
}

void known(self_pointer self) {
  auto& c = state_of(self).control;
  c.give_up_at.reset();
  if (!std::exchange(c.trouble, {}).empty())
    report<control_unknown>(self, std::string{});
}

void opened(self_pointer self, const bucket_opened& x) {
  auto& c = state_of(self).control;
  if (x.status != open_status::opened) {
    c.open_again_at =
        now(self) + state_of(self).options.coordinator.pause * pauses_to_open;
    unknown(self, x.why + "; check the bucket " + state_of(self).options.control_bucket
                      + " and this user's permissions");
    set_alarm(self);
    return;
  }
  c.bucket = x.bucket;
  partita::watch(self, c.bucket, c.watch, ">");
}

/// Carries out what the history commands.
void carry_out(self_pointer self, const core::plan_log::commands& what) {
  using core::plan_log;
  const auto& bucket = state_of(self).control.bucket;
  auto create = [&](const plan_log::create& x) {
    ask_write(self, bucket, kv_create{history_key(x.id), to_text(x.value)},
              [self, id = x.id](const kv_written& answer) {
                if (answer.status == write_status::refused)
                  state_of(self).options.log().warn(
                      "the store refuses the history of plans: {}",
                      logged("reason", answer.why));
                carry_out(self,
                          state_of(self).control.log->created(id, answer, now(self)));
                set_alarm(self);
              });
  };
  auto remove = [&](const plan_log::remove& x) {
    ask_write(self, bucket, kv_remove{history_key(x.id), x.at},
              [self, id = x.id](const kv_written& answer) {
                carry_out(self, state_of(self).control.log->removed(id, answer));
              });
  };
  for (const auto& x : what)
    core::match(x, create, remove);
}

void value_shown(self_pointer self, const watch_event& x) {
  const auto& entry = x.entry;
  if (entry.key.starts_with(history_prefix)) {
    auto id = history_id_from(entry.key);
    if (const auto* bad = std::get_if<malformed>(&id))
      invalid(self, "control", entry, bad->why);
    else if (const auto& plan = std::get<history_id>(id);
             plan.epoch > greatest_epoch(entry.stored_at_ns))
      invalid(self, "control", entry,
              "its epoch is more than one day ahead of the server's clock");
    else
      carry_out(self, state_of(self).control.log->shown(plan, entry.revision));
    return;
  }
  auto value = directive_from(entry.key, entry.value);
  if (const auto* bad = std::get_if<malformed>(&value)) {
    invalid(self, "control", entry, bad->why);
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
    state_of(self).control.log->gone(*plan);
  else
    feed(self, core::coordinator::directive_gone{key});
}

// -- the records ------------------------------------------------------------------------

/// Writes what the record of `who` consists of, one after the other.
void write_next(self_pointer self, const worker_id& who, kv_update what) {
  ask_to_replace(
      self, state_of(self).assignments, std::move(what.key), std::move(what.value),
      what.expected, reported(self, "a record", [self, who](const kv_written& y) {
        auto next = state_of(self).parts->answered(who, y);
        if (auto* x = std::get_if<kv_update>(&next))
          write_next(self, who, std::move(*x));
        else
          feed(self, core::coordinator::write_answered{who, std::get<kv_written>(next)});
      }));
}

void record_found(self_pointer self, const worker_id& who, const kv_entry& entry) {
  auto& s = state_of(self);
  auto value = s.parts->read(who, entry);
  if (const auto* bad = std::get_if<malformed>(&value))
    invalid(self, "assignment", entry, bad->why);
  feed(self, core::coordinator::record_shown{who, entry.revision, std::move(value)});
  // A part that stays is met again with the next record.
  for (auto& x : s.parts->surplus(who))
    ask_write(self, s.assignments, std::move(x), [](const kv_written&) {});
}

} // namespace

void open_control(self_pointer self, std::uint64_t watch) {
  auto& s = state_of(self);
  s.control.watch = watch;
  s.control.open_again_at.reset();
  if (!s.control.log)
    s.control.log.emplace(core::plan_log::options{s.epoch, s.options.coordinator.pause});
  if (s.control.trouble.empty())
    s.control.give_up_at = now(self) + s.options.coordinator.pause * pauses_to_wait;
  open_bucket request;
  request.name = s.options.control_bucket;
  request.replicas = s.options.replicas;
  ask_to_open(self, s.store, std::move(request),
              [=](const bucket_opened& x) { opened(self, x); });
}

void control_watched(self_pointer self, const watch_event& x) {
  auto& c = state_of(self).control;
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
  ask_write(self, state_of(self).control.bucket, kv_remove{x.key, x.at},
            [=](const kv_written& answer) {
              feed(self, core::coordinator::directive_removal_answered{x.key, answer});
            });
}

void write_history(self_pointer self, const core::coordinator::planned& x) {
  auto& s = state_of(self);
  for (const auto& text : x.trouble)
    s.options.log().warn("{}", text);
  // Without the bucket there is no history; the plan is in the log.
  if (!s.control.bucket)
    return;
  auto entry = x;
  entry.at = unix_seconds();
  entry.strategy = s.options.strategy_name;
  carry_out(self, s.control.log->planned(std::move(entry)));
}

void control_tick(self_pointer self, core::time_point now) {
  auto& c = state_of(self).control;
  if (c.give_up_at && now >= *c.give_up_at)
    unknown(self, "the bucket " + state_of(self).options.control_bucket
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

void write_record(self_pointer self, const core::coordinator::write& x) {
  auto& s = state_of(self);
  write_next(self, x.who,
             s.parts->begin(x.who, x.value, x.format, x.expected, s.most_value));
}

bool record_shown(self_pointer self, const kv_entry& entry, bool removed) {
  auto& parts = *state_of(self).parts;
  if (auto part = keys::part_in(entry.key)) {
    parts.shown(part->first, part->second, entry);
    return true;
  }
  auto who = keys::owner_of(entry.key, keys::records);
  if (!who)
    return false;
  if (removed) {
    parts.gone(*who);
    feed(self, core::coordinator::record_gone{*who});
  } else {
    record_found(self, *who, entry);
  }
  return true;
}

} // namespace partita::calculation
