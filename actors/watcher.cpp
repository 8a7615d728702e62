// SPDX-License-Identifier: Apache-2.0
#include "partita/actors/watcher.hpp"

#include "partita/actors/log.hpp"
#include "partita/messages/keys.hpp"

namespace partita {

namespace {

using self_pointer = watcher_actor::stateful_pointer<watcher_state>;

core::time_point now(self_pointer self) {
  return self->state.options.clock.now(self);
}

void feed(self_pointer self, const core::record_follower::event& what);

/// Reads a record and reports it, once, if it cannot be read.
decoded<stored_record> read_record(self_pointer self, const kv_entry& entry) {
  auto result = stored_record_from(entry.value, entry.stored_at_ns);
  if (const auto* bad = std::get_if<malformed>(&result))
    if (!entry.key.empty() && !entry.removed
        && self->state.invalid.add(entry.key, bad->why))
      self->send(self->state.parent, entry_invalid{"assignment", entry.key, bad->why});
  return result;
}

struct executor {
  self_pointer self;

  void operator()(const core::record_follower::create& x) const {
    const auto& s = self->state;
    ask_to_replace(self, s.bucket, keys::record_of(s.options.worker_id), to_text(x.value),
                   x.over,
                   reported(self, "the record", [self = self](const kv_written& answer) {
                     feed(self, core::record_follower::write_answered{answer});
                   }));
  }

  void operator()(const core::record_follower::read&) const {
    const auto& s = self->state;
    ask_read(self, s.bucket, kv_last{keys::record_of(s.options.worker_id)},
             reported(self, "the record", [self = self](const kv_read& answer) {
               feed(self, core::record_follower::read_answered{
                              answer, read_record(self, answer.entry)});
             }));
  }

  void operator()(const core::record_follower::read_part& x) const {
    const auto& s = self->state;
    ask_read(
        self, s.bucket, kv_last{keys::part_of(s.options.worker_id, x.number)},
        reported(self, "a part of the record", [self = self, x](const kv_read& answer) {
          feed(self, core::record_follower::part_answered{x.of, x.number, answer});
        }));
  }

  void operator()(const core::record_follower::deliver& x) const {
    self->send(self->state.parent, record_received{self->state.options.run, x.value});
  }

  void operator()(const core::record_follower::lost& x) const {
    self->send(self->state.parent, record_lost{self->state.options.run, x.why});
    self->quit();
  }
};

void feed(self_pointer self, const core::record_follower::event& what) {
  auto& s = self->state;
  for (const auto& x : s.follower->step(what, now(self)))
    std::visit(executor{self}, x);
  s.alarm.set(self, s.options.clock, s.options.run, s.follower->wake_at());
}

void watched(self_pointer self, const watch_event& x) {
  self->state.troubles.heard(self, "a watch of the record", x);
  switch (x.change) {
  case watch_change::value:
    feed(self,
         core::record_follower::shown{x.entry.revision, read_record(self, x.entry)});
    break;
  case watch_change::removed:
    feed(self, core::record_follower::gone{});
    break;
  case watch_change::replayed:
    self->send(self->state.parent, record_followed{self->state.options.run});
    feed(self, core::record_follower::replayed{});
    break;
  case watch_change::bucket_changed:
    feed(self, core::record_follower::bucket_changed{});
    break;
  case watch_change::alive:
    feed(self, core::record_follower::alive{});
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
  auto& s = self->state;
  s.options = std::move(options);
  s.bucket = std::move(records);
  s.parent = std::move(parent);
  s.follower.emplace(core::record_follower::options{.self = s.options.self,
                                                    .terms = s.options.terms,
                                                    .silence = s.options.silence,
                                                    .pause = s.options.pause,
                                                    .exclusive = s.options.exclusive,
                                                    .established = s.options.established},
                     now(self));
  self->send(s.bucket, kv_watch{0, keys::record_of(s.options.worker_id),
                                caf::actor_cast<watch_sink_actor>(self), true});
  s.alarm.set(self, s.options.clock, s.options.run, s.follower->wake_at());
  return {
      [=](const watch_event& x) { watched(self, x); },
      [=](const wake& x) {
        if (self->state.alarm.rings(x, self->state.options.run))
          feed(self, core::record_follower::tick{});
      },
  };
}

} // namespace partita
