// SPDX-License-Identifier: Apache-2.0
#include "partita/actors/sources/file_source.hpp"

#include "partita/actors/shell.hpp"
#include "partita/actors/sources/file_watch.hpp"
#include "partita/actors/sources/source_audience.hpp"
#include "partita/core/strategies/hash_ring.hpp"
#include "partita/messages/exceptions.hpp"
#include "partita/messages/message.hpp"

#include <caf/actor_system.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <memory>

namespace partita {

/// From the thread that watches the file; see file_watch::listener.
struct file_touched {
  std::string why_not;
  PARTITA_MESSAGE(file_touched, x.why_not)
};

namespace {

using namespace std::chrono_literals;

struct file_source_state;

using file_source_actor =
    partition_source_actor::extend<caf::reacts_to<file_touched>,
                                   // INTERNAL: the writer of the file may be done by now.
                                   caf::reacts_to<wake>>;
using self_pointer = file_source_actor::stateful_pointer<file_source_state>;

/// Editors write in several steps.
constexpr auto quiet = 100ms;

struct file_source_state {
  file_source_options options;
  std::optional<source_audience<std::remove_pointer_t<self_pointer>>> audience;
  partita::alarm alarm;
  std::string why_not_watched;
  std::unique_ptr<file_watch> watch;
  static inline constexpr const char* name = "partita.file_source";
};

void read(self_pointer self) {
  auto& s = self->state;
  auto found = s.options.read();
  if (const auto* why = std::get_if<std::string>(&found)) {
    s.audience->lack(*why);
    return;
  }
  auto trouble = s.why_not_watched;
  if (!trouble.empty())
    trouble = "changes of " + s.options.path + " are not noticed: " + trouble;
  auto& list = std::get<std::vector<partition>>(found);
  auto digest = core::digest_of(list);
  s.audience->give(std::move(list), trouble, digest);
}

file_source_actor::behavior_type file_source(self_pointer self,
                                             file_source_options options) {
  end_on_exception(self);
  auto& s = self->state;
  s.options = std::move(options);
  s.audience.emplace(self);
  read(self);
  // Does not keep the source alive.
  auto touched = [weak = caf::actor_cast<caf::actor_addr>(self)](const std::string& why) {
    if (auto strong = caf::actor_cast<caf::strong_actor_ptr>(weak))
      caf::anon_send(caf::actor_cast<caf::actor>(strong), file_touched{why});
  };
  s.watch = std::make_unique<file_watch>(s.options.path, std::move(touched));
  self->set_down_handler(
      [=](const caf::down_msg& x) { self->state.audience->remove(x.source); });
  return {
      [=](const partition_listener_actor& who) { self->state.audience->add(who); },
      [=](const file_touched& x) {
        auto& state = self->state;
        state.why_not_watched = x.why_not;
        state.alarm.set(self, state.options.clock, 0,
                        state.options.clock.now(self) + quiet);
      },
      [=](const wake& x) {
        if (self->state.alarm.rings(x, 0))
          read(self);
      },
  };
}

} // namespace

partition_source_actor spawn_file_source(caf::actor_system& sys,
                                         file_source_options options) {
  // A file system may hang.
  return sys.spawn<caf::detached>(file_source, std::move(options));
}

} // namespace partita
