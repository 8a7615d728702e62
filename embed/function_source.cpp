// SPDX-License-Identifier: Apache-2.0
#include "partita/embed/function_source.hpp"

#include "partita/actors/shell.hpp"
#include "partita/actors/sources/source_audience.hpp"

#include <caf/actor_system.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <exception>

namespace partita::embed {

namespace {

struct source_state;
using self_pointer = function_source_actor::stateful_pointer<source_state>;

struct source_state {
  std::function<std::vector<partition>()> read;
  std::chrono::milliseconds every{0};
  std::optional<source_audience<std::remove_pointer_t<self_pointer>>> audience;
  worker_clock clock;
  partita::alarm alarm;
  static inline constexpr const char* name = "partita.function_source";
};

void read(self_pointer self) {
  auto& s = self->state;
  if (s.audience->empty())
    return;
  try {
    auto list = s.read();
    if (list.empty())
      s.audience->lack("the application's function returned no partition");
    else
      s.audience->give(std::move(list));
  } catch (const std::exception& x) {
    s.audience->lack(std::string{"the application's function failed: "} + x.what());
  } catch (...) {
    s.audience->lack("the application's function failed");
  }
  if (s.every.count() > 0)
    s.alarm.set(self, s.clock, 0, s.clock.now(self) + s.every);
}

function_source_actor::behavior_type
function_source(self_pointer self, std::function<std::vector<partition>()> f,
                std::chrono::milliseconds every) {
  auto& s = self->state;
  s.read = std::move(f);
  s.every = every;
  s.audience.emplace(self);
  self->set_down_handler([=](const caf::down_msg& x) {
    auto& audience = *self->state.audience;
    audience.remove(x.source);
    // The next leadership begins with what is true then.
    if (audience.empty())
      audience.forget();
  });
  return {
      [=](const partition_listener_actor& who) {
        self->state.audience->add(who);
        read(self);
      },
      [=](read_again) { read(self); },
      [=](const wake& x) {
        if (self->state.alarm.rings(x, 0))
          read(self);
      },
  };
}

} // namespace

function_source_actor spawn_function_source(caf::actor_system& sys,
                                            std::function<std::vector<partition>()> read,
                                            std::chrono::milliseconds every) {
  return sys.spawn<caf::detached>(function_source, std::move(read), every);
}

} // namespace partita::embed
