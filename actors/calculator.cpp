// SPDX-License-Identifier: Apache-2.0
#include "partita/actors/calculator.hpp"

#include "partita/core/match.hpp"
#include "partita/messages/exceptions.hpp"
#include "partita/messages/failpoint.hpp"
#include "partita/messages/keys.hpp"

#include <utility>

namespace partita {

namespace {

using calculation::feed;
using calculation::self_pointer;
using core::coordinator;
using core::epoch_takeover;

/// Our watches. The survey reads both buckets before the takeover; what counts after it
/// is shown by watches that were made after the epoch was written.
enum watch_number : std::uint64_t {
  surveyed_records,
  surveyed_beats,
  records,
  control,
};

void carry_out(self_pointer self, const epoch_takeover::commands& what);
void not_given(self_pointer self, const std::string& why);

// -- taking over ------------------------------------------------------------------------

/// Reports to the supervisor what is wrong with the list of partitions; empty: nothing.
void report_source(self_pointer self, const std::string& why) {
  if (std::exchange(state_of(self).source_trouble, why) != why)
    report<source_trouble>(self, why);
}

/// Ends this leadership: by another leader's epoch, or because a bucket was lost.
void deposed(self_pointer self, epoch by, const std::string& why) {
  report<superseded>(self, by, why);
  self->quit();
}

epoch_takeover::instant instant(self_pointer self) {
  return {now(self), unix_seconds()};
}

void read_epoch(self_pointer self) {
  // A new connection between the two begins this leadership again: see epoch_floor.
  auto identified = [self](const bucket_identity& bucket) {
    ask_read(self, state_of(self).assignments, keys::epoch,
             reported(self, "the epoch", [self, bucket](const kv_read& x) {
               carry_out(self,
                         state_of(self).epoch_takeover->looked(x, bucket, instant(self)));
             }));
  };
  mail(self, kv_identify{})
      .request(state_of(self).assignments, store_gone_after)
      .then([identified](const kv_identity& x) { identified(x.identity); },
            [identified](const caf::error&) { identified({}); });
}

void acceded(self_pointer self, const epoch_takeover::acceded& x) {
  auto& s = state_of(self);
  s.options.coordinator.epoch = s.epoch = x.epoch;
  s.ages.emplace(x.epoch, s.options.takeover.self);
  s.coordinator.emplace(s.options.coordinator);
  s.parts.emplace(x.epoch, s.coordinator->index());
  if (x.doubted_since)
    feed(self, coordinator::doubted_since{*x.doubted_since,
                                          "the connection to this server is new"});
  feed(self, coordinator::may_grant_at{x.may_grant_at});
  watch(self, s.assignments, records, ">");
  calculation::open_control(self, control);
  mail(self, caf::actor_cast<roster_listener_actor>(self)).send(s.roster);
  if (s.source)
    monitor(self, s.source,
            [](self_pointer me, const caf::actor_addr&, const caf::error& why) {
              not_given(me, "the partition source ended (" + error_text(me, why)
                                + "); start it again together with its worker");
            });
  mail(self, caf::actor_cast<partition_listener_actor>(self)).send(s.source);
}

void carry_out(self_pointer self, const epoch_takeover::commands& what) {
  auto& s = state_of(self);
  auto survey = [&](const epoch_takeover::survey&) {
    s.survey.emplace();
    watch(self, s.assignments, surveyed_records, ">");
    watch(self, s.heartbeats, surveyed_beats, ">");
  };
  auto write = [&](const epoch_takeover::write& x) {
    ask_to_replace(
        self, s.assignments, keys::epoch, to_text(x.value), x.expected,
        reported(self, "the epoch", [self](const kv_written& answer) {
          carry_out(self, state_of(self).epoch_takeover->answered(answer, instant(self)));
        }));
  };
  for (const auto& command : what)
    core::match(
        command, [&](const epoch_takeover::read&) { read_epoch(self); }, survey, write,
        [&](const epoch_takeover::acceded& x) { acceded(self, x); });
  calculation::set_alarm(self);
}

void survey_watched(self_pointer self, const watch_event& x) {
  auto& s = state_of(self);
  if (x.change == watch_change::value)
    s.survey->shown(x.entry);
  if (x.change != watch_change::replayed)
    return;
  using source = core::epoch_survey::source;
  auto of_records = x.watch == surveyed_records;
  mail(self, kv_unwatch{x.watch}, caf::actor_cast<watch_sink_actor>(self))
      .send(of_records ? s.assignments : s.heartbeats);
  if (s.survey->replayed(of_records ? source::records : source::heartbeats))
    carry_out(self, s.epoch_takeover->surveyed(s.survey->greatest(),
                                               s.survey->newest_ns(), instant(self)));
}

// -- leading ----------------------------------------------------------------------------

/// The heartbeat that was found, if any.
std::optional<beat> beat_in(const kv_read& answer) {
  if (answer.status != read_status::found || answer.entry.removed)
    return std::nullopt;
  auto value = beat_from(answer.entry.value, answer.entry.stored_at_ns);
  if (auto* found = std::get_if<beat>(&value))
    return std::move(*found);
  return std::nullopt;
}

/// The nonce of the heartbeat or mark; empty: there is none. Nothing: not known.
std::optional<nonce> nonce_in(const kv_read& answer) {
  if (auto x = beat_in(answer))
    return x->nonce;
  auto absent = answer.status == read_status::missing
                || (answer.status == read_status::found && answer.entry.removed);
  return absent ? std::optional{nonce{}} : std::nullopt;
}

void write_mark(self_pointer self, const coordinator::write_mark& x) {
  auto value = x.mark;
  value.at = unix_seconds();
  auto answered =
      reported(self, "the end of a session", [self, who = x.who](const kv_written& y) {
        feed(self, coordinator::mark_answered{who, y});
      });
  auto key = keys::heartbeat_of(x.who);
  if (failpoint(rule::expel_any_revision))
    ask_write(self, state_of(self).heartbeats, kv_put{key, to_text(value)}, answered);
  else // Not kv_create: where nothing was seen, a delete mark must be a conflict.
    ask_write(self, state_of(self).heartbeats, kv_update{key, to_text(value), x.expected},
              answered);
}

void adopt(self_pointer self) {
  const auto& s = state_of(self);
  mail(self, adopted{s.options.run, s.epoch})
      .request(s.parent, caf::infinite)
      .then([self](may_act) { feed(self, coordinator::may_act{}); },
            // The supervisor has killed or replaced this calculator.
            [](const caf::error&) {});
}

void grants_wait(self_pointer self, const coordinator::grants_wait& x) {
  auto ms = std::chrono::ceil<std::chrono::milliseconds>(x.left).count();
  state_of(self).options.log().info("grants nothing{}: {}",
                                    ms == 0 ? "" : " for " + std::to_string(ms) + " ms",
                                    logged("reason", x.why));
  carry_out(self, state_of(self).epoch_takeover->waiting(x.left, x.why, instant(self)));
}

void planned(self_pointer self, const coordinator::planned& x) {
  state_of(self).options.log().info(
      "new plan ({}): {}; {} workers, {} partitions, {} placed or moved",
      logged("lifecycle", to_string(x.lifecycle)), logged("reason", x.reason),
      logged("workers", x.workers), logged("partitions", x.partitions),
      logged("moves", x.moves));
  calculation::write_history(self, x);
}

/// Reads what the coordinator wants to know of a worker.
auto reader(self_pointer self) {
  const auto& s = state_of(self);
  return core::overloaded{
      [&s, self](const coordinator::read& x) {
        ask_read(self, s.assignments, keys::record_of(x.who),
                 reported(self, "a record", [self, who = x.who](const kv_read& y) {
                   feed(self, coordinator::read_answered{who, y});
                 }));
      },
      [&s, self](const coordinator::read_mark& x) {
        ask_read(
            self, s.heartbeats, keys::heartbeat_of(x.who),
            reported(self, "the end of a session", [self, who = x.who](const kv_read& y) {
              feed(self, coordinator::mark_looked_at{who, y, beat_in(y)});
            }));
      },
      [&s, self](const coordinator::look_at_beat& x) {
        ask_read(
            self, s.heartbeats, keys::heartbeat_of(x.who), [self, x](const kv_read& y) {
              feed(self, coordinator::beat_looked_at{x.who, x.incarnation, nonce_in(y)});
            });
      },
  };
}

void carry_out(self_pointer self, const coordinator::command& what) {
  const auto log = state_of(self).options.log();
  core::match(
      what, reader(self),
      [&](const coordinator::write& x) { calculation::write_record(self, x); },
      [&](const coordinator::complain& x) {
        log.error("{}: {}", x.who.value, logged("reason", x.why));
      },
      [&](const coordinator::write_mark& x) { write_mark(self, x); },
      [&](const coordinator::ending& x) {
        log.warn("ends the session of {}: {}", logged("of", x.who.value),
                 logged("reason", x.why));
      },
      [&](const coordinator::adopt&) { adopt(self); },
      [&](const coordinator::show_phase& x) {
        report<phase_changed>(self, x.phase, x.why);
      },
      [&](const coordinator::overruled& x) {
        deposed(self, x.by,
                "another leader has the greater epoch " + std::to_string(x.by.value));
      },
      [&](const coordinator::settings_differ& x) {
        report<settings_differ>(self, x.why);
      },
      [&](const coordinator::grants_wait& x) { grants_wait(self, x); },
      [&](const coordinator::may_grant&) {
        log.info("may grant");
        carry_out(self, state_of(self).epoch_takeover->granting(instant(self)));
      },
      [&](const coordinator::source_silent& x) { report_source(self, x.why); },
      [&](const coordinator::planned& x) { planned(self, x); },
      [&](const coordinator::remove_directive& x) {
        calculation::remove_directive(self, x);
      },
      [&](const coordinator::step_down& x) { report<stepped_down>(self, x.why); });
}

/// What happened before is not shown.
void doubt_before(self_pointer self, std::optional<core::time_point> made_at) {
  if (made_at)
    feed(self, coordinator::doubted_since{*made_at, "the buckets are new"});
}

void epoch_key_shown(self_pointer self, const kv_entry& entry) {
  auto value = epoch_from(entry.value, entry.stored_at_ns);
  if (const auto* x = std::get_if<epoch_entry>(&value))
    feed(self, coordinator::epoch_shown{
                   state_of(self).ages->epoch_shown(*x, entry.stored_at_ns, now(self))});
  else
    state_of(self).invalid.report(self, "assignment", entry.key,
                                  std::get<malformed>(value).why);
}

void records_replayed(self_pointer self, const bucket_identity& bucket) {
  auto& s = state_of(self);
  if (!s.ages->shows_ours()) {
    deposed(self, {}, "the records do not show the epoch that this leader wrote");
    return;
  }
  s.options.log().debug("sees all records under epoch {}",
                        logged("epoch", s.epoch.value));
  doubt_before(self, s.ages->records_made_at(bucket.created_at_ns));
  feed(self, coordinator::records_replayed{});
}

/// The newest value of a key, or its removal.
void record_key_shown(self_pointer self, const kv_entry& entry, bool removed) {
  if (!calculation::record_shown(self, entry, removed) && entry.key == keys::epoch
      && !removed)
    epoch_key_shown(self, entry);
}

void records_watched(self_pointer self, const watch_event& x) {
  switch (x.change) {
  case watch_change::value:
  case watch_change::removed:
    record_key_shown(self, x.entry, x.change == watch_change::removed);
    break;
  case watch_change::replayed:
    state_of(self).most_value = x.bucket.most_value;
    records_replayed(self, x.bucket);
    break;
  case watch_change::bucket_changed:
    // The epoch is lost with the bucket: the next leader takes over with a new one.
    deposed(self, {}, "bucket of the records: " + x.why);
    break;
  case watch_change::restarted:
  case watch_change::alive:
    break;
  }
}

void heard(self_pointer self, const roster_news& x) {
  using kind = roster_news::kind;
  auto& s = state_of(self);
  switch (x.what) {
  case kind::beat:
    s.ages->beat_shown(x.seen_at, x.stored_at_ns);
    feed(self,
         coordinator::beat_shown{x.who, x.revision, x.value, x.seen_at, x.stored_at_ns});
    break;
  case kind::unreadable:
    feed(self, coordinator::beat_unreadable{x.who, x.revision, x.seen_at});
    break;
  case kind::gone:
    feed(self, coordinator::beat_gone{x.who, x.revision, x.seen_at});
    break;
  case kind::replayed:
    doubt_before(self, s.ages->beats_replayed(x.seen_at, x.stored_at_ns));
    feed(self, coordinator::beats_replayed{x.seen_at});
    break;
  case kind::interrupted:
    feed(self, coordinator::beats_interrupted{});
    break;
  case kind::bucket_changed:
    // All sessions end with the bucket. The next leader waits until all have noticed.
    deposed(self, {}, "bucket of the heartbeats: " + x.why);
    break;
  }
}

// -- the partitions ---------------------------------------------------------------------

/// The list that was known stays in force.
void not_given(self_pointer self, const std::string& why) {
  if (!state_of(self).coordinator)
    return;
  feed(self, coordinator::partitions_unknown{why});
  report_source(self, why);
}

void given(self_pointer self, const partition_list& x) {
  if (!state_of(self).coordinator)
    return;
  auto why = why_unusable(x.partitions);
  if (!why.empty()) {
    not_given(self, "the partition source gave a list that cannot be used: " + why);
    return;
  }
  state_of(self).options.log().debug("knows {} partitions",
                                     logged("partitions", x.partitions.size()));
  feed(self, coordinator::partitions_given{
                 state_of(self).coordinator->index().list(x.partitions)});
  report_source(self, x.trouble);
}

} // namespace

namespace calculation {

void set_alarm(self_pointer self) {
  auto& s = state_of(self);
  auto at = core::earlier(s.epoch_takeover->wake_at(), control_wake_at(s));
  partita::set_alarm(self,
                     s.coordinator ? core::earlier(at, s.coordinator->wake_at()) : at);
}

void feed(self_pointer self, const coordinator::event& what) {
  auto& s = state_of(self);
  auto at = now(self);
  auto commands = s.coordinator->step(what, at);
  s.timing.step(what, commands, at);
  for (const auto& x : commands)
    carry_out(self, x);
  if (auto news = s.timing.take())
    report<measured>(self, std::move(*news));
  set_alarm(self);
}

} // namespace calculation

calculator_actor::behavior_type
calculator(calculator_actor::stateful_pointer<calculator_state> self,
           calculator_options options, bucket_actor assignments, bucket_actor heartbeats,
           store_actor store, roster_actor roster, partition_source_actor source,
           supervisor_actor parent) {
  end_on_exception(self);
  auto& s = state_of(self);
  s.options = std::move(options);
  s.assignments = std::move(assignments);
  s.heartbeats = std::move(heartbeats);
  s.store = std::move(store);
  s.roster = std::move(roster);
  s.source = std::move(source);
  s.parent = std::move(parent);
  s.epoch_takeover.emplace(s.options.takeover);
  carry_out(self, s.epoch_takeover->begin());
  return {
      [=](const watch_event& x) {
        if (x.watch != surveyed_beats && x.watch != control)
          state_of(self).troubles.heard(self, "a watch of the records", x);
        switch (static_cast<watch_number>(x.watch)) {
        case surveyed_records:
        case surveyed_beats:
          survey_watched(self, x);
          break;
        case records:
          records_watched(self, x);
          break;
        case control:
          calculation::control_watched(self, x);
          calculation::set_alarm(self);
          break;
        }
      },
      [=](const roster_news& x) { heard(self, x); },
      on_alarm(self,
               [=] {
                 auto& state = state_of(self);
                 carry_out(self, state.epoch_takeover->tick(instant(self)));
                 if (state.coordinator) {
                   calculation::control_tick(self, now(self));
                   feed(self, coordinator::tick{});
                 }
               }),
      [=](const partition_list& x) { given(self, x); },
      [=](const partitions_unavailable& x) { not_given(self, x.why); },
  };
}

} // namespace partita
