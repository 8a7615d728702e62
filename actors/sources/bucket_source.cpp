// SPDX-License-Identifier: Apache-2.0
#include "partita/actors/sources/bucket_source.hpp"

#include "partita/actors/shell.hpp"
#include "partita/actors/sources/source_audience.hpp"
#include "partita/core/backoff.hpp"
#include "partita/core/bucket_listing.hpp"
#include "partita/messages/codec.hpp"
#include "partita/messages/exceptions.hpp"

#include <caf/actor_system.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <random>

namespace partita {

namespace {

using namespace std::chrono_literals;

struct bucket_source_state;

using bucket_source_actor =
    partition_source_actor::extend<handler<void(watch_event)>,
                                   // INTERNAL: a pause has passed.
                                   handler<void(wake)>>;
using self_pointer = bucket_source_actor::stateful_pointer<bucket_source_state>;

/// Failures that may pass by themselves are reported only after this many tries.
constexpr int silent_tries = 3;

struct bucket_source_state {
  bucket_source_options options;
  store_actor store;
  std::optional<source_audience<std::remove_pointer_t<self_pointer>>> audience;
  /// Counts how often a first listener was added: tells answers and watches apart.
  std::uint64_t run = 0;
  bucket_actor bucket;
  std::optional<core::bucket_listing> listing;
  partita::alarm alarm;
  core::backoff backoff{100ms, 10s};
  std::minstd_rand random{std::random_device{}()};
  int tries = 0;
  std::optional<core::time_point> open_again_at;
  static inline constexpr const char* name = "partita.bucket_source";
};

void set_alarm(self_pointer self) {
  auto& s = state_of(self);
  auto at = s.listing ? s.listing->wake_at() : s.open_again_at;
  s.alarm.set(self, s.options.clock, s.run, at);
}

void opened(self_pointer self, const bucket_opened& x) {
  auto& s = state_of(self);
  if (x.status == open_status::opened) {
    s.backoff.reset();
    s.tries = 0;
    s.bucket = x.bucket;
    s.listing.emplace(core::bucket_listing::options{.name = s.options.bucket});
    // The whole bucket: on the server a pattern costs a search (nats::create_consumer_request).
    watch(self, s.bucket, s.run, ">");
    return;
  }
  auto may_pass =
      x.status == open_status::not_connected || x.status == open_status::unknown;
  if (++s.tries >= silent_tries || !may_pass)
    s.audience->lack("the bucket " + s.options.bucket + " cannot be opened: "
                     + (x.why.empty() ? to_string(x.status) : x.why));
  s.open_again_at = now(self) + s.backoff.next(s.random);
  set_alarm(self);
}

void open(self_pointer self) {
  auto& s = state_of(self);
  s.open_again_at.reset();
  open_bucket what;
  what.name = s.options.bucket;
  what.replicas = s.options.replicas;
  ask_to_open(self, s.store, std::move(what),
              [self, run = s.run](const bucket_opened& x) {
                if (run == state_of(self).run && !state_of(self).audience->empty())
                  opened(self, x);
              });
}

void announce(self_pointer self, std::optional<core::bucket_listing::news> what) {
  auto& s = state_of(self);
  if (what) {
    if (auto* x = std::get_if<core::bucket_listing::listed>(&*what))
      s.audience->give(std::move(x->all), std::move(x->trouble));
    else
      s.audience->lack(std::get<core::bucket_listing::unavailable>(*what).why);
  }
  set_alarm(self);
}

void listen(self_pointer self, const partition_listener_actor& who) {
  auto& s = state_of(self);
  auto first = s.audience->empty();
  s.audience->add(who);
  if (!first || s.audience->empty())
    return;
  ++s.run;
  open(self);
}

/// The last listener has ended: without a watch the known list would become outdated.
void rest(self_pointer self) {
  auto& s = state_of(self);
  if (s.bucket)
    mail(self, kv_unwatch{s.run}, caf::actor_cast<watch_sink_actor>(self)).send(s.bucket);
  s.bucket = nullptr;
  s.listing.reset();
  s.open_again_at.reset();
  s.alarm = {};
  s.audience->forget();
}

bucket_source_actor::behavior_type bucket_source(self_pointer self, store_actor store,
                                                 bucket_source_options options) {
  end_on_exception(self);
  auto& s = state_of(self);
  s.options = std::move(options);
  s.store = std::move(store);
  s.audience.emplace(self, rest);
  return {
      [=](const partition_listener_actor& who) { listen(self, who); },
      [=](const watch_event& x) {
        auto& state = state_of(self);
        if (state.listing && x.watch == state.run)
          announce(self, state.listing->watched(x, now(self)));
      },
      [=](const wake& x) {
        auto& state = state_of(self);
        if (!state.alarm.rings(x, state.run))
          return;
        if (state.listing)
          announce(self, state.listing->tick(now(self)));
        else if (state.open_again_at)
          open(self);
      },
  };
}

} // namespace

partition_source_actor spawn_bucket_source(caf::actor_system& sys, store_actor store,
                                           bucket_source_options options) {
  // To announce a large list takes long and must not delay heartbeats.
  if (options.clock.is_virtual())
    return sys.spawn(bucket_source, std::move(store), std::move(options));
  return sys.spawn<caf::detached>(bucket_source, std::move(store), std::move(options));
}

} // namespace partita
