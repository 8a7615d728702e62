// SPDX-License-Identifier: Apache-2.0
#include "partita/actors/elector.hpp"

#include "partita/actors/log.hpp"
#include "partita/messages/codec.hpp"
#include "partita/messages/keys.hpp"

#include <algorithm>

namespace partita {

namespace {

using self_pointer = elector_actor::stateful_pointer<elector_state>;

core::time_point now(self_pointer self) {
  return self->state.options.clock.now(self);
}

void feed(self_pointer self, const core::lease::event& what);
void rest(self_pointer self);

auto answer_to(self_pointer self) {
  return reported(self, "the leader key", [self](const kv_written& x) {
    feed(self, core::lease::write_answered{x});
  });
}

/// Carries out what the lease commands.
struct executor {
  self_pointer self;

  void operator()(const core::lease::write& x) const {
    const auto& o = self->state.options;
    leader_entry entry{o.worker_id, unix_seconds(), o.self};
    ask_to_replace(self, self->state.bucket, keys::leader, to_text(entry), x.expected,
                   answer_to(self));
  }

  void operator()(const core::lease::remove& x) const {
    ask_write(self, self->state.bucket, kv_remove{keys::leader, x.expected},
              answer_to(self));
  }

  void operator()(const core::lease::read&) const {
    ask_read(self, self->state.bucket, kv_last{keys::leader},
             reported(self, "the leader key", [self = self](const kv_read& x) {
               auto value = leader_from(x.entry.value);
               const auto* found = std::get_if<leader_entry>(&value);
               auto ours = found && found->nonce == self->state.options.self;
               feed(self, core::lease::read_answered{x, ours});
             }));
  }

  void operator()(const core::lease::announce& x) const {
    const auto& s = self->state;
    if (s.options.probe_grace.count() > 0) {
      if (x.leading)
        self->send(s.store, serve_probe{s.options.self});
      else
        self->send(s.store, end_probe{s.options.self});
    }
    if (x.leading)
      self->send(s.parent, elected{s.options.run, x.why});
    else
      self->send(s.parent, deposed{s.options.run, x.why});
  }

  void operator()(const core::lease::finished&) const {
    if (self->state.leaving.pending())
      self->state.leaving.deliver(resigned{});
    self->quit();
  }
};

void probe_answered(self_pointer self, const nonce& who, const probed& x) {
  auto& s = self->state;
  if (!s.probe.found(who, x)) {
    rest(self);
    return;
  }
  if (std::exchange(s.reported_gone, who) != who)
    logger()->warn("{}: the process of the leader {} is gone: {}",
                   s.options.worker_id.value, s.leader.value, x.why);
  feed(self, core::lease::leader_gone{s.rival_at});
}

/// Ends every handler: probes the leader if a probe is due, and sets the alarm.
void rest(self_pointer self) {
  auto& s = self->state;
  s.probe.follow(s.lease.following() ? s.rival : nonce{});
  if (auto who = s.probe.due(now(self)))
    // No timer: the store answers in time by itself, and a timer for each of so many
    // probes would cost more than the probes do.
    self->request(s.store, caf::infinite, probe{*who})
        .then([=](const probed& x) { probe_answered(self, *who, x); },
              [=](const caf::error& err) {
                probe_answered(self, *who,
                               {probe_status::unknown, 0, self->system().render(err)});
              });
  s.alarm.set(self, s.options.clock, s.options.run,
              core::earlier(s.lease.wake_at(), s.probe.wake_at()));
}

void feed(self_pointer self, const core::lease::event& what) {
  for (const auto& x : self->state.lease.step(what, now(self)))
    std::visit(executor{self}, x);
  rest(self);
}

void show_leader(self_pointer self, const worker_id& who) {
  auto& s = self->state;
  if (s.leader == who)
    return;
  s.leader = who;
  self->send(s.parent, leader_seen{s.options.run, who});
}

void forget_leader(self_pointer self) {
  self->state.rival = {};
  show_leader(self, {});
}

void shown(self_pointer self, const kv_entry& entry) {
  auto& s = self->state;
  auto value = leader_from(entry.value);
  const auto* found = std::get_if<leader_entry>(&value);
  if (!found) {
    // No candidate that renews it wrote it: the lease runs out as on any other value.
    const auto& why = std::get<malformed>(value).why;
    if (s.invalid.add(entry.key, why))
      self->send(s.parent, entry_invalid{"election", entry.key, why});
  }
  show_leader(self, found ? found->worker_id : worker_id{});
  auto ours = found && found->nonce == s.options.self;
  s.rival = found && !ours ? found->nonce : nonce{};
  s.rival_at = entry.revision;
  feed(self, core::lease::key_shown{entry.revision, ours});
}

} // namespace

elector_actor::behavior_type elector(elector_actor::stateful_pointer<elector_state> self,
                                     elector_options options, bucket_actor election,
                                     store_actor store, supervisor_actor parent) {
  auto& s = self->state;
  s.lease = core::lease{{options.lease, options.seed}};
  s.probe = core::leader_probe{options.probe_grace};
  s.options = std::move(options);
  s.bucket = std::move(election);
  s.store = std::move(store);
  s.parent = std::move(parent);
  self->send(s.bucket,
             kv_watch{0, keys::leader, caf::actor_cast<watch_sink_actor>(self)});
  return {
      [=](const watch_event& x) {
        auto& state = self->state;
        state.troubles.heard(self, "a watch of the leader key", x);
        switch (x.change) {
        case watch_change::value:
          state.shown_in_replay = true;
          shown(self, x.entry);
          break;
        case watch_change::removed:
          forget_leader(self);
          feed(self, core::lease::key_gone{x.entry.revision});
          break;
        case watch_change::replayed:
          if (!state.shown_in_replay)
            feed(self, core::lease::key_gone{});
          break;
        case watch_change::restarted:
          state.shown_in_replay = false;
          break;
        case watch_change::bucket_changed:
          state.shown_in_replay = false;
          forget_leader(self);
          feed(self, core::lease::bucket_changed{});
          break;
        case watch_change::alive:
          break;
        }
      },
      [=](const wake& x) {
        if (self->state.alarm.rings(x, self->state.options.run))
          feed(self, core::lease::tick{});
      },
      [=](resign) -> caf::result<resigned> {
        auto& state = self->state;
        state.leaving = self->make_response_promise<resigned>();
        auto result = state.leaving;
        feed(self, core::lease::resigned{});
        return result;
      },
      [=](const abdicate& x) { feed(self, core::lease::abdicated{x.why}); },
      [=](const stand_by& x) {
        self->state.probe.rank(x.rank);
        rest(self);
      },
      [=](get_lease) {
        auto until = self->state.lease.leads_until();
        auto left = until ? *until - now(self) : core::duration{0};
        return lease_left{std::chrono::duration_cast<std::chrono::milliseconds>(
            std::max(left, core::duration{0}))};
      },
  };
}

} // namespace partita
