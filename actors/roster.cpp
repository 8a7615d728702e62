// SPDX-License-Identifier: Apache-2.0
#include "partita/actors/children.hpp"

#include "partita/messages/exceptions.hpp"
#include "partita/messages/keys.hpp"

namespace partita {

namespace {

using self_pointer = roster_actor::stateful_pointer<roster_state>;

void tell_one(self_pointer self, const caf::actor_addr& who, const roster_news& what) {
  if (auto strong = caf::actor_cast<caf::strong_actor_ptr>(who))
    mail(self, what).send(caf::actor_cast<roster_listener_actor>(strong));
}

void tell(self_pointer self, const std::optional<roster_news>& news) {
  auto& s = state_of(self);
  if (!news)
    return;
  if (news->what == roster_news::kind::unreadable)
    s.invalid.report(self, "heartbeat", keys::heartbeat_of(news->who), news->why);
  for (const auto& who : s.listeners)
    tell_one(self, who, *news);
}

void shown(self_pointer self, const worker_id& who, const kv_entry& entry) {
  auto& s = state_of(self);
  auto before = s.roster->longest_ttl();
  auto news = s.roster->shown(who, entry, now(self));
  if (auto longest = s.roster->longest_ttl(); longest > before)
    report<longer_ttl_seen>(self, longest);
  tell(self, news);
}

void watched(self_pointer self, const watch_event& x) {
  auto& s = state_of(self);
  s.troubles.heard(self, "a watch of the heartbeats", x);
  auto who = keys::owner_of(x.entry.key, keys::heartbeats);
  switch (x.change) {
  case watch_change::value:
    if (who)
      shown(self, *who, x.entry);
    break;
  case watch_change::removed:
    if (who)
      tell(self, s.roster->gone(*who, x.entry.revision, now(self)));
    break;
  case watch_change::replayed:
    worker_log{"worker", s.options.self.value}.debug("sees all heartbeats");
    tell(self, s.roster->replayed(x.bucket, now(self)));
    break;
  case watch_change::restarted:
    worker_log{"worker", s.options.self.value}.debug("does not see all heartbeats: {}",
                                                     logged("reason", x.why));
    tell(self, s.roster->interrupted(now(self)));
    break;
  case watch_change::bucket_changed:
    tell(self, s.roster->bucket_changed(x.bucket, x.why, now(self)));
    break;
  case watch_change::alive:
    break;
  }
}

void add_listener(self_pointer self, const roster_listener_actor& who) {
  auto& s = state_of(self);
  s.listeners.push_back(who.address());
  monitor(self, who, [](self_pointer me, const caf::actor_addr& x, const caf::error&) {
    std::erase(state_of(me).listeners, x);
  });
  for (const auto& x : s.roster->known(now(self)))
    tell_one(self, who.address(), x);
}

} // namespace

roster_actor::behavior_type roster(roster_actor::stateful_pointer<roster_state> self,
                                   roster_options options, bucket_actor heartbeats,
                                   supervisor_actor parent) {
  end_on_exception(self);
  auto& s = state_of(self);
  s.begin(std::move(options), std::move(heartbeats), std::move(parent));
  s.roster.emplace(s.options.longest_ttl);
  watch(self, s.bucket, 0, std::string{keys::heartbeats} + ">");
  return {
      [=](const watch_event& x) { watched(self, x); },
      [=](const roster_listener_actor& x) { add_listener(self, x); },
  };
}

} // namespace partita
