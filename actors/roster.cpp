// SPDX-License-Identifier: Apache-2.0
#include "partita/actors/roster.hpp"

#include "partita/actors/log.hpp"
#include "partita/messages/keys.hpp"

#include <algorithm>
#include <utility>

namespace partita {

namespace {

using self_pointer = roster_actor::stateful_pointer<roster_state>;

void tell_one(self_pointer self, const caf::actor_addr& who, const roster_news& what) {
  if (auto strong = caf::actor_cast<caf::strong_actor_ptr>(who))
    self->send(caf::actor_cast<roster_listener_actor>(strong), what);
}

void carry_out(self_pointer self, const core::roster::commands& all) {
  auto& s = self->state;
  for (const auto& x : all) {
    if (const auto* news = std::get_if<core::roster::tell>(&x)) {
      for (const auto& who : s.listeners)
        tell_one(self, who, news->what);
    } else if (const auto* longer = std::get_if<core::roster::longer_ttl>(&x)) {
      self->send(s.parent, longer_ttl_seen{s.options.run, longer->ttl});
    } else if (const auto* bad = std::get_if<core::roster::unreadable>(&x)) {
      auto key = keys::heartbeat_of(bad->who);
      if (s.invalid.add(key, bad->why))
        self->send(s.parent, entry_invalid{"heartbeat", key, bad->why});
    }
  }
}

void watched(self_pointer self, const watch_event& x) {
  auto& s = self->state;
  s.troubles.heard(self, "a watch of the heartbeats", x);
  auto who = keys::owner_of(x.entry.key, keys::heartbeats);
  auto now = s.options.clock.now(self);
  switch (x.change) {
  case watch_change::value:
    if (who)
      carry_out(self, s.roster->shown(*who, x.entry, now));
    break;
  case watch_change::removed:
    if (who)
      carry_out(self, s.roster->gone(*who, x.entry.revision, now));
    break;
  case watch_change::replayed:
    logger()->debug("{}: sees all heartbeats", s.options.self.value);
    carry_out(self, s.roster->replayed(x.bucket, now));
    break;
  case watch_change::restarted:
    logger()->debug("{}: does not see all heartbeats: {}", s.options.self.value, x.why);
    carry_out(self, s.roster->interrupted(now));
    break;
  case watch_change::bucket_changed:
    carry_out(self, s.roster->bucket_changed(x.bucket, x.why, now));
    break;
  case watch_change::alive:
    break;
  }
}

void add_listener(self_pointer self, const roster_listener_actor& who) {
  auto& s = self->state;
  s.listeners.push_back(who.address());
  self->monitor(who);
  for (const auto& x : s.roster->known(s.options.clock.now(self)))
    tell_one(self, who.address(), x);
}

} // namespace

roster_actor::behavior_type roster(roster_actor::stateful_pointer<roster_state> self,
                                   roster_options options, bucket_actor heartbeats,
                                   supervisor_actor parent) {
  auto& s = self->state;
  s.options = std::move(options);
  s.roster.emplace(s.options.longest_ttl);
  s.bucket = std::move(heartbeats);
  s.parent = std::move(parent);
  self->set_down_handler([self](const caf::down_msg& x) {
    auto& all = self->state.listeners;
    all.erase(std::remove(all.begin(), all.end(), x.source), all.end());
  });
  self->send(s.bucket, kv_watch{0, std::string{keys::heartbeats} + ">",
                                caf::actor_cast<watch_sink_actor>(self)});
  return {
      [=](const watch_event& x) { watched(self, x); },
      [=](const roster_listener_actor& x) { add_listener(self, x); },
  };
}

} // namespace partita
