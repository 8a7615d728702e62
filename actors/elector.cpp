// SPDX-License-Identifier: Apache-2.0
#include "partita/actors/children.hpp"

#include "partita/core/match.hpp"
#include "partita/messages/codec.hpp"
#include "partita/messages/exceptions.hpp"
#include "partita/messages/keys.hpp"

#include <algorithm>

namespace partita {

namespace {

using core::lease;
using self_pointer = elector_actor::stateful_pointer<elector_state>;

void feed(self_pointer self, const lease::event& what);

void announce(self_pointer self, const lease::announce& x) {
  const auto& s = state_of(self);
  if (s.options.probe_grace.count() > 0) {
    if (x.leading)
      mail(self, serve_probe{s.options.self}).send(s.store);
    else
      mail(self, end_probe{s.options.self}).send(s.store);
  }
  if (x.leading)
    report<elected>(self, x.why);
  else
    report<deposed>(self, x.why);
}

void carry_out(self_pointer self, const lease::command& what) {
  const auto& s = state_of(self);
  auto written = reported(self, "the leader key", [self](const kv_written& x) {
    feed(self, lease::write_answered{x});
  });
  core::match(
      what,
      [&](const lease::write& x) {
        leader_entry entry{s.options.worker_id, unix_seconds(), s.options.self};
        ask_to_replace(self, s.bucket, keys::leader, to_text(entry), x.expected, written);
      },
      [&](const lease::remove& x) {
        ask_write(self, s.bucket, kv_remove{keys::leader, x.expected}, written);
      },
      [&](const lease::read&) {
        ask_read(self, s.bucket, keys::leader,
                 reported(self, "the leader key", [self](const kv_read& x) {
                   auto value = leader_from(x.entry.value);
                   const auto* found = std::get_if<leader_entry>(&value);
                   auto ours = found && found->nonce == state_of(self).options.self;
                   feed(self, lease::read_answered{x, ours});
                 }));
      },
      [&](const lease::announce& x) { announce(self, x); },
      [&](const lease::finished&) { leave(self, resigned{}); });
}

void rest(self_pointer self);

void probe_answered(self_pointer self, const nonce& who, const probed& x) {
  auto& s = state_of(self);
  if (!s.probe.found(who, x)) {
    rest(self);
    return;
  }
  if (std::exchange(s.reported_gone, who) != who)
    worker_log{"worker", s.options.worker_id.value}.warn(
        "the process of the leader {} is gone: {}", logged("leader", s.leader.value),
        logged("reason", x.why));
  feed(self, lease::leader_gone{s.rival_at});
}

/// Ends every handler: probes the leader if a probe is due, and sets the alarm.
void rest(self_pointer self) {
  auto& s = state_of(self);
  s.probe.follow(s.lease.following() ? s.rival : nonce{});
  if (auto who = s.probe.due(now(self)))
    // No timer: the store answers in time by itself, and a timer for each of so many
    // probes would cost more than the probes do.
    mail(self, probe{*who})
        .request(s.store, caf::infinite)
        .then([=](const probed& x) { probe_answered(self, *who, x); },
              [=](const caf::error& err) {
                probe_answered(self, *who,
                               {probe_status::unknown, 0, error_text(self, err)});
              });
  set_alarm(self, core::earlier(s.lease.wake_at(), s.probe.wake_at()));
}

void feed(self_pointer self, const lease::event& what) {
  for (const auto& x : state_of(self).lease.step(what, now(self)))
    carry_out(self, x);
  rest(self);
}

void show_leader(self_pointer self, const worker_id& who) {
  if (std::exchange(state_of(self).leader, who) != who)
    report<leader_seen>(self, who);
}

void forget_leader(self_pointer self) {
  state_of(self).rival = {};
  show_leader(self, {});
}

void shown(self_pointer self, const kv_entry& entry) {
  auto& s = state_of(self);
  auto value = leader_from(entry.value);
  const auto* found = std::get_if<leader_entry>(&value);
  if (!found) // No candidate that renews it wrote it: the lease runs out as on any value.
    s.invalid.report(self, "election", entry.key, std::get<malformed>(value).why);
  show_leader(self, found ? found->worker_id : worker_id{});
  auto ours = found && found->nonce == s.options.self;
  s.rival = found && !ours ? found->nonce : nonce{};
  s.rival_at = entry.revision;
  feed(self, lease::key_shown{entry.revision, ours});
}

void watched(self_pointer self, const watch_event& x) {
  auto& s = state_of(self);
  s.troubles.heard(self, "a watch of the leader key", x);
  switch (x.change) {
  case watch_change::value:
    s.shown_in_replay = true;
    shown(self, x.entry);
    break;
  case watch_change::removed:
    forget_leader(self);
    feed(self, lease::key_gone{x.entry.revision});
    break;
  case watch_change::replayed:
    if (!s.shown_in_replay)
      feed(self, lease::key_gone{});
    break;
  case watch_change::restarted:
    s.shown_in_replay = false;
    break;
  case watch_change::bucket_changed:
    s.shown_in_replay = false;
    forget_leader(self);
    feed(self, lease::bucket_changed{});
    break;
  case watch_change::alive:
    break;
  }
}

} // namespace

elector_actor::behavior_type elector(elector_actor::stateful_pointer<elector_state> self,
                                     elector_options options, bucket_actor election,
                                     supervisor_actor parent, store_actor store) {
  end_on_exception(self);
  auto& s = state_of(self);
  s.begin(std::move(options), std::move(election), std::move(parent));
  s.store = std::move(store);
  s.lease = lease{{s.options.lease, s.options.seed}};
  s.probe = core::leader_probe{s.options.probe_grace};
  watch(self, s.bucket, 0, keys::leader);
  return {
      [=](const watch_event& x) { watched(self, x); },
      on_alarm(self, [=] { feed(self, lease::tick{}); }),
      on_leave<resign, resigned>(self, [=](resign) { feed(self, lease::resigned{}); }),
      [=](const abdicate& x) { feed(self, lease::abdicated{x.why}); },
      [=](const stand_by& x) {
        state_of(self).probe.rank(x.rank);
        rest(self);
      },
      [=](get_lease) {
        auto until = state_of(self).lease.leads_until();
        auto left = until ? *until - now(self) : core::duration{0};
        return lease_left{in_ms(std::max(left, core::duration{0}))};
      },
  };
}

} // namespace partita
