// SPDX-License-Identifier: Apache-2.0
#include "partita/actors/roster.hpp"

#include "partita/actors/keys.hpp"
#include "partita/actors/log.hpp"
#include "partita/messages/codec.hpp"

#include <algorithm>
#include <utility>

namespace partita {

namespace {

using self_pointer = roster_actor::stateful_pointer<roster_state>;
using kind = roster_news::kind;

void tell_one(self_pointer self, const caf::actor_addr& who, const roster_news& what) {
  if (auto strong = caf::actor_cast<caf::strong_actor_ptr>(who))
    self->send(caf::actor_cast<roster_listener_actor>(strong), what);
}

void tell(self_pointer self, const roster_news& what) {
  for (const auto& who : self->state.listeners)
    tell_one(self, who, what);
}

roster_news news_of(self_pointer self, kind what) {
  roster_news result;
  result.what = what;
  result.seen_at = self->state.options.clock.now(self);
  result.stored_at_ns = self->state.created_at_ns;
  return result;
}

roster_news replayed_news(self_pointer self) {
  auto result = news_of(self, kind::replayed);
  result.seen_at = *self->state.complete_since;
  return result;
}

roster_news changed_news(self_pointer self, const std::string& why) {
  auto result = news_of(self, kind::bucket_changed);
  result.why = why;
  return result;
}

// -- counting ---------------------------------------------------------------------------

void answer_counting(self_pointer self) {
  auto& s = self->state;
  if (!s.complete)
    return;
  others_counted result;
  for (const auto& [who, x] : s.known)
    if (who != s.options.self && x.what == kind::beat && is_living(x.value.state)
        && x.value.state != beat_state::draining)
      ++result.count;
  for (auto& promise : std::exchange(s.counting, {}))
    promise.deliver(result);
}

// -- what the watch shows ---------------------------------------------------------------

void remember(self_pointer self, roster_news what) {
  auto& s = self->state;
  auto [i, is_new] = s.known.try_emplace(what.who);
  if (!is_new && what.revision <= i->second.revision && what.what == i->second.what)
    return; // A replay shows again what was seen before.
  i->second = std::move(what);
  tell(self, i->second);
}

void shown(self_pointer self, const worker_id& who, const kv_entry& entry) {
  auto& s = self->state;
  auto news = news_of(self, kind::beat);
  news.who = who;
  news.revision = entry.revision;
  news.stored_at_ns = entry.stored_at_ns;
  auto value = beat_from(entry.value, entry.stored_at_ns);
  if (auto* found = std::get_if<beat>(&value)) {
    news.value = std::move(*found);
    if (news.value.terms.ttl > s.options.longest_ttl) {
      s.options.longest_ttl = news.value.terms.ttl;
      self->send(s.parent, longer_ttl_seen{s.options.run, s.options.longest_ttl});
    }
  } else {
    news.what = kind::unreadable;
    const auto& why = std::get<malformed>(value).why;
    if (s.invalid.add(entry.key, why))
      self->send(s.parent, entry_invalid{"heartbeat", entry.key, why});
  }
  remember(self, std::move(news));
}

void gone(self_pointer self, const worker_id& who, revision mark) {
  auto news = news_of(self, kind::gone);
  news.who = who;
  news.revision = mark;
  remember(self, std::move(news));
}

void watched(self_pointer self, const watch_event& x) {
  auto& s = self->state;
  s.troubles.heard(self, "a watch of the heartbeats", x);
  auto who = keys::owner_of(x.entry.key, keys::heartbeats);
  switch (x.change) {
  case watch_change::value:
    if (who)
      shown(self, *who, x.entry);
    break;
  case watch_change::removed:
    if (who)
      gone(self, *who, x.entry.revision);
    break;
  case watch_change::replayed:
    s.complete = true;
    s.created_at_ns = x.bucket.created_at_ns;
    if (!s.complete_since)
      s.complete_since = s.options.clock.now(self);
    logger()->debug("{}: sees all heartbeats", s.options.self.value);
    tell(self, replayed_news(self));
    answer_counting(self);
    break;
  case watch_change::restarted:
    s.complete = false;
    logger()->debug("{}: does not see all heartbeats: {}", s.options.self.value, x.why);
    tell(self, news_of(self, kind::interrupted));
    break;
  case watch_change::bucket_changed:
    s.complete = false;
    s.known.clear();
    s.complete_since.reset();
    s.created_at_ns = x.bucket.created_at_ns;
    tell(self, changed_news(self, x.why));
    break;
  case watch_change::alive:
    break;
  }
}

void add_listener(self_pointer self, const roster_listener_actor& who) {
  auto& s = self->state;
  s.listeners.push_back(who.address());
  self->monitor(who);
  for (const auto& [id, x] : s.known)
    tell_one(self, who.address(), x);
  if (s.complete)
    tell_one(self, who.address(), replayed_news(self));
}

} // namespace

roster_actor::behavior_type roster(roster_actor::stateful_pointer<roster_state> self,
                                   roster_options options, bucket_actor heartbeats,
                                   supervisor_actor parent) {
  auto& s = self->state;
  s.options = std::move(options);
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
      [=](count_others) -> caf::result<others_counted> {
        auto promise = self->make_response_promise<others_counted>();
        self->state.counting.push_back(promise);
        answer_counting(self);
        return promise;
      },
  };
}

} // namespace partita
