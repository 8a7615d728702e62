// SPDX-License-Identifier: Apache-2.0
#include "partita/actors/registrar.hpp"

#include "partita/actors/log.hpp"
#include "partita/messages/codec.hpp"

#include <charconv>

namespace partita {

namespace {

using self_pointer = registrar_actor::stateful_pointer<registrar_state>;

core::time_point now(self_pointer self) {
  return self->state.options.clock.now(self);
}

constexpr std::uint64_t all_ids = 0;

void feed(self_pointer self, const core::id_claim::event& what);

std::string key_of(const id_options& id, std::uint32_t number) {
  return id.prefix + '-' + std::to_string(number);
}

/// The number of a key with our prefix; others share the bucket and do not concern us.
std::optional<std::uint32_t> number_of(const id_options& id, std::string_view key) {
  if (!key.starts_with(id.prefix + '-'))
    return std::nullopt;
  auto digits = key.substr(id.prefix.size() + 1);
  std::uint32_t result = 0;
  auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), result);
  if (error != std::errc{} || end != digits.data() + digits.size()
      || std::to_string(result) != digits)
    return std::nullopt;
  return result;
}

/// The claim that an entry holds. Empty if there is no entry, or if it cannot be read:
/// the id of such an entry becomes free when it was not renewed for long enough.
claim holder_of(self_pointer self, const kv_entry& entry) {
  if (entry.key.empty())
    return {};
  auto value = claim_from(entry.value);
  if (const auto* x = std::get_if<claim>(&value))
    return *x;
  const auto& why = std::get<malformed>(value).why;
  if (!entry.removed && self->state.invalid.add(entry.key, why))
    self->send(self->state.parent, entry_invalid{"stable_id", entry.key, why});
  return {};
}

struct executor {
  self_pointer self;

  void operator()(const core::id_claim::write& x) const {
    auto& s = self->state;
    auto now = unix_seconds();
    if (s.claimed_at == 0)
      s.claimed_at = now;
    claim mine{s.options.self, s.options.id.instance, s.claimed_at, now, x.released};
    ask_to_replace(self, s.bucket, key_of(s.options.id, x.number), to_text(mine),
                   x.expected,
                   reported(self, "a worker id", [self = self](const kv_written& answer) {
                     feed(self, core::id_claim::write_answered{answer});
                   }));
  }

  void operator()(const core::id_claim::read& x) const {
    const auto& s = self->state;
    ask_read(self, s.bucket, kv_last{key_of(s.options.id, x.number)},
             reported(self, "a worker id", [self = self](const kv_read& answer) {
               feed(self,
                    core::id_claim::read_answered{answer, holder_of(self, answer.entry)});
             }));
  }

  void operator()(const core::id_claim::waits& x) const {
    self->state.troubles.report(self, "a free worker id", x.why);
  }

  void operator()(const core::id_claim::held& x) const {
    auto& s = self->state;
    s.troubles.report(self, "a free worker id", {});
    if (x.twin)
      logger()->warn("{}: {} is alive and has the same worker.instance '{}'; give each "
                     "worker one of its own",
                     key_of(s.options.id, x.number), key_of(s.options.id, *x.twin),
                     s.options.id.instance);
    self->send(s.bucket, kv_unwatch{all_ids}, caf::actor_cast<watch_sink_actor>(self));
    self->send(s.parent, id_claimed{s.options.run, {key_of(s.options.id, x.number)}});
  }

  void operator()(const core::id_claim::lost& x) const {
    self->send(self->state.parent, id_lost{self->state.options.run, x.why, false});
    leave();
  }

  void operator()(const core::id_claim::failed& x) const {
    self->send(self->state.parent, id_lost{self->state.options.run, x.why, true});
    leave();
  }

  void operator()(const core::id_claim::released&) const { leave(); }

  void leave() const {
    if (self->state.leaving.pending())
      self->state.leaving.deliver(id_released{});
    self->quit();
  }
};

void feed(self_pointer self, const core::id_claim::event& what) {
  auto& s = self->state;
  for (const auto& x : s.claim->step(what, now(self)))
    std::visit(executor{self}, x);
  s.alarm.set(self, s.options.clock, s.options.run, s.claim->wake_at());
}

void watched(self_pointer self, const watch_event& x) {
  self->state.troubles.heard(self, "a watch of the worker ids", x);
  auto number = number_of(self->state.options.id, x.entry.key);
  switch (x.change) {
  case watch_change::value:
    if (number)
      feed(self,
           core::id_claim::shown{*number, x.entry.revision, holder_of(self, x.entry)});
    break;
  case watch_change::removed:
    if (number)
      feed(self, core::id_claim::gone{*number});
    break;
  case watch_change::replayed:
    feed(self, core::id_claim::replayed{});
    break;
  case watch_change::bucket_changed:
    feed(self, core::id_claim::bucket_changed{});
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
  auto& s = self->state;
  core::id_claim::options claim_options{.min = options.id.min,
                                        .max = options.id.max,
                                        .instance = options.id.instance,
                                        .ttl = options.id.ttl,
                                        .instance_grace = options.instance_grace,
                                        .startup = options.startup,
                                        .pause = options.pause,
                                        .self = options.self,
                                        .seed = options.seed};
  s.options = std::move(options);
  s.claim.emplace(std::move(claim_options), now(self));
  s.bucket = std::move(stable_ids);
  s.parent = std::move(parent);
  self->send(s.bucket, kv_watch{all_ids, ">", caf::actor_cast<watch_sink_actor>(self)});
  s.alarm.set(self, s.options.clock, s.options.run, s.claim->wake_at());
  return {
      [=](const watch_event& x) { watched(self, x); },
      [=](const wake& x) {
        if (self->state.alarm.rings(x, self->state.options.run))
          feed(self, core::id_claim::tick{});
      },
      [=](release_id) -> caf::result<id_released> {
        auto& state = self->state;
        state.leaving = self->make_response_promise<id_released>();
        auto result = state.leaving;
        feed(self, core::id_claim::release{});
        return result;
      },
  };
}

} // namespace partita
