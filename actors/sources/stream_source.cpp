// SPDX-License-Identifier: Apache-2.0
#include "partita/actors/sources/stream_source.hpp"

#include "partita/actors/shell.hpp"
#include "partita/actors/sources/source_audience.hpp"
#include "partita/core/stream_listing.hpp"
#include "partita/messages/exceptions.hpp"

#include <caf/actor_system.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

namespace partita {

namespace {

using namespace std::chrono_literals;

struct stream_source_state;

using stream_source_actor =
    partition_source_actor::extend<handler<void(wake)>>; // INTERNAL: time to look.
using self_pointer = stream_source_actor::stateful_pointer<stream_source_state>;

constexpr auto pause = 5s;

struct stream_source_state {
  stream_source_options options;
  store_actor store;
  std::optional<source_audience<std::remove_pointer_t<self_pointer>>> audience;
  std::optional<core::stream_listing> listing;
  partita::alarm alarm;
  /// Counts how often a first listener was added: tells answers apart.
  std::uint64_t run = 0;
  static inline constexpr const char* name = "partita.stream_source";
};

void answered(self_pointer self, std::uint64_t run, const stream_answer& x) {
  auto& s = state_of(self);
  if (run != s.run || s.audience->empty())
    return;
  auto news = s.listing->answered(x);
  if (auto* all = std::get_if<core::stream_listing::list>(&news))
    s.audience->give(std::move(*all));
  else if (auto* lack = std::get_if<core::stream_listing::unavailable>(&news))
    s.audience->lack(std::move(lack->why));
  s.alarm.set(self, s.options.clock, s.run, now(self) + pause);
}

void look(self_pointer self) {
  auto& s = state_of(self);
  auto run = s.run;
  mail(self, stream_look{s.options.stream})
      .request(s.store, store_gone_after)
      .then([=](const stream_answer& x) { answered(self, run, x); },
            [=](const caf::error& err) {
              stream_answer none;
              none.why = error_text(self, err);
              answered(self, run, none);
            });
}

/// There is no listener: what is known becomes outdated without looks.
void rest(self_pointer self) {
  auto& s = state_of(self);
  s.audience->forget();
  s.alarm = {};
}

stream_source_actor::behavior_type stream_source(self_pointer self, store_actor store,
                                                 stream_source_options options) {
  end_on_exception(self);
  auto& s = state_of(self);
  s.options = std::move(options);
  s.store = std::move(store);
  s.audience.emplace(self, rest);
  s.listing.emplace(s.options.stream);
  return {
      [=](const partition_listener_actor& who) {
        auto& state = state_of(self);
        auto first = state.audience->empty();
        state.audience->add(who);
        if (!first || state.audience->empty())
          return;
        ++state.run;
        look(self);
      },
      [=](const wake& x) {
        if (state_of(self).alarm.rings(x, state_of(self).run))
          look(self);
      },
  };
}

} // namespace

partition_source_actor spawn_stream_source(caf::actor_system& sys, store_actor store,
                                           stream_source_options options) {
  return sys.spawn(stream_source, std::move(store), std::move(options));
}

} // namespace partita
