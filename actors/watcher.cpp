// SPDX-License-Identifier: Apache-2.0
#include "partita/actors/children.hpp"

#include "partita/core/match.hpp"
#include "partita/messages/exceptions.hpp"
#include "partita/messages/keys.hpp"

namespace partita {

namespace {

using follower = core::record_follower;
using self_pointer = watcher_actor::stateful_pointer<watcher_state>;

void feed(self_pointer self, const follower::event& what);

/// Reads a record and reports it, once, if it cannot be read.
decoded<stored_record> read_record(self_pointer self, const kv_entry& entry) {
  auto result = stored_record_from(entry.value, entry.stored_at_ns);
  const auto* bad = std::get_if<malformed>(&result);
  if (bad && !entry.key.empty() && !entry.removed)
    state_of(self).invalid.report(self, "assignment", entry.key, bad->why);
  return result;
}

void carry_out(self_pointer self, const follower::command& what) {
  const auto& s = state_of(self);
  auto key = keys::record_of(s.options.worker_id);
  core::match(
      what,
      [&](const follower::create& x) {
        ask_to_replace(self, s.bucket, key, to_text(x.value), x.over,
                       reported(self, "the record", [self](const kv_written& y) {
                         feed(self, follower::write_answered{y});
                       }));
      },
      [&](const follower::read&) {
        ask_read(self, s.bucket, key,
                 reported(self, "the record", [self](const kv_read& y) {
                   feed(self, follower::read_answered{y, read_record(self, y.entry)});
                 }));
      },
      [&](const follower::read_part& x) {
        ask_read(self, s.bucket, keys::part_of(s.options.worker_id, x.number),
                 reported(self, "a part of the record", [self, x](const kv_read& y) {
                   feed(self, follower::part_answered{x.of, x.number, y});
                 }));
      },
      [&](const follower::deliver& x) { report<record_received>(self, x.value); },
      [&](const follower::lost& x) {
        report<record_lost>(self, x.why);
        self->quit();
      });
}

void feed(self_pointer self, const follower::event& what) {
  auto& s = state_of(self);
  for (const auto& x : s.follower->step(what, now(self)))
    carry_out(self, x);
  set_alarm(self, s.follower->wake_at());
}

void watched(self_pointer self, const watch_event& x) {
  state_of(self).troubles.heard(self, "a watch of the record", x);
  switch (x.change) {
  case watch_change::value:
    feed(self, follower::shown{x.entry.revision, read_record(self, x.entry)});
    break;
  case watch_change::removed:
    feed(self, follower::gone{});
    break;
  case watch_change::replayed:
    report<record_followed>(self);
    feed(self, follower::replayed{});
    break;
  case watch_change::bucket_changed:
    feed(self, follower::bucket_changed{});
    break;
  case watch_change::alive:
    feed(self, follower::alive{});
    break;
  case watch_change::restarted:
    // No sign that the watch works: those begin with the replay.
    break;
  }
}

} // namespace

watcher_actor::behavior_type watcher(watcher_actor::stateful_pointer<watcher_state> self,
                                     watcher_options options, bucket_actor records,
                                     supervisor_actor parent) {
  end_on_exception(self);
  auto& s = state_of(self);
  s.begin(std::move(options), std::move(records), std::move(parent));
  s.follower.emplace(s.options.record, now(self));
  watch(self, s.bucket, 0, keys::record_of(s.options.worker_id), true);
  set_alarm(self, s.follower->wake_at());
  return {
      [=](const watch_event& x) { watched(self, x); },
      on_alarm(self, [=] { feed(self, follower::tick{}); }),
  };
}

} // namespace partita
