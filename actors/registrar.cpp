// SPDX-License-Identifier: Apache-2.0
#include "partita/actors/children.hpp"

#include "partita/core/match.hpp"
#include "partita/messages/codec.hpp"
#include "partita/messages/exceptions.hpp"

#include <charconv>

namespace partita {

namespace {

using core::id_claim;
using self_pointer = registrar_actor::stateful_pointer<registrar_state>;

constexpr std::uint64_t all_ids = 0;

void feed(self_pointer self, const id_claim::event& what);

std::string key_of(self_pointer self, std::uint32_t number) {
  return state_of(self).options.prefix + '-' + std::to_string(number);
}

/// The number of a key with our prefix; others share the bucket and do not concern us.
std::optional<std::uint32_t> number_of(self_pointer self, const std::string& key) {
  auto dash = key.rfind('-');
  std::uint32_t result = 0;
  if (dash != std::string::npos)
    std::from_chars(key.data() + dash + 1, key.data() + key.size(), result);
  return key == key_of(self, result) ? std::optional{result} : std::nullopt;
}

/// The claim that an entry holds. Empty if there is no entry, or if it cannot be read:
/// the id of such an entry becomes free when it was not renewed for long enough.
claim holder_of(self_pointer self, const kv_entry& entry) {
  if (entry.key.empty())
    return {};
  auto value = claim_from(entry.value);
  if (const auto* x = std::get_if<claim>(&value))
    return *x;
  if (!entry.removed)
    state_of(self).invalid.report(self, "stable_id", entry.key,
                                  std::get<malformed>(value).why);
  return {};
}

void write(self_pointer self, const id_claim::write& x) {
  auto& s = state_of(self);
  auto now = unix_seconds();
  if (s.claimed_at == 0)
    s.claimed_at = now;
  const auto& o = s.options.claim;
  claim mine{o.self, o.instance, s.claimed_at, now, x.released};
  ask_to_replace(self, s.bucket, key_of(self, x.number), to_text(mine), x.expected,
                 reported(self, "a worker id", [self](const kv_written& answer) {
                   feed(self, id_claim::write_answered{answer});
                 }));
}

void held(self_pointer self, const id_claim::held& x) {
  auto& s = state_of(self);
  s.troubles.report(self, "a free worker id", {});
  if (x.twin)
    worker_log{"worker", key_of(self, x.number)}.warn(
        "{} is alive and has the same worker.instance '{}'; give each worker one of its "
        "own",
        key_of(self, *x.twin), logged("instance", s.options.claim.instance));
  mail(self, kv_unwatch{all_ids}, caf::actor_cast<watch_sink_actor>(self)).send(s.bucket);
  report<id_claimed>(self, worker_id{key_of(self, x.number)});
}

void carry_out(self_pointer self, const id_claim::command& what) {
  auto& s = state_of(self);
  auto over = [&](const std::string& why, bool fatal) {
    report<id_lost>(self, why, fatal);
    leave(self, id_released{});
  };
  core::match(
      what, [&](const id_claim::write& x) { write(self, x); },
      [&](const id_claim::read& x) {
        ask_read(self, s.bucket, key_of(self, x.number),
                 reported(self, "a worker id", [self](const kv_read& y) {
                   feed(self, id_claim::read_answered{y, holder_of(self, y.entry)});
                 }));
      },
      [&](const id_claim::waits& x) {
        s.troubles.report(self, "a free worker id", x.why);
      },
      [&](const id_claim::held& x) { held(self, x); },
      [&](const id_claim::lost& x) { over(x.why, false); },
      [&](const id_claim::failed& x) { over(x.why, true); },
      [&](const id_claim::released&) { leave(self, id_released{}); });
}

void feed(self_pointer self, const id_claim::event& what) {
  auto& s = state_of(self);
  for (const auto& x : s.claim->step(what, now(self)))
    carry_out(self, x);
  set_alarm(self, s.claim->wake_at());
}

void watched(self_pointer self, const watch_event& x) {
  state_of(self).troubles.heard(self, "a watch of the worker ids", x);
  auto number = number_of(self, x.entry.key);
  switch (x.change) {
  case watch_change::value:
    if (number)
      feed(self, id_claim::shown{*number, x.entry.revision, holder_of(self, x.entry)});
    break;
  case watch_change::removed:
    if (number)
      feed(self, id_claim::gone{*number});
    break;
  case watch_change::replayed:
    feed(self, id_claim::replayed{});
    break;
  case watch_change::bucket_changed:
    feed(self, id_claim::bucket_changed{});
    break;
  case watch_change::restarted:
  case watch_change::alive:
    break;
  }
}

} // namespace

registrar_actor::behavior_type
registrar(registrar_actor::stateful_pointer<registrar_state> self,
          registrar_options options, bucket_actor stable_ids, supervisor_actor parent) {
  end_on_exception(self);
  auto& s = state_of(self);
  s.begin(std::move(options), std::move(stable_ids), std::move(parent));
  s.claim.emplace(s.options.claim, now(self));
  watch(self, s.bucket, all_ids, ">");
  set_alarm(self, s.claim->wake_at());
  return {
      [=](const watch_event& x) { watched(self, x); },
      on_alarm(self, [=] { feed(self, id_claim::tick{}); }),
      on_leave<release_id, id_released>(
          self, [=](release_id) { feed(self, id_claim::release{}); }),
  };
}

} // namespace partita
