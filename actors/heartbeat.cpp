// SPDX-License-Identifier: Apache-2.0
#include "partita/actors/children.hpp"

#include "partita/core/match.hpp"
#include "partita/messages/codec.hpp"
#include "partita/messages/exceptions.hpp"
#include "partita/messages/keys.hpp"

namespace partita {

namespace {

using core::session;
using self_pointer = heartbeat_actor::stateful_pointer<heartbeat_state>;

void feed(self_pointer self, const session::event& what);

void write(self_pointer self, const session::write& x) {
  const auto& s = state_of(self);
  auto value = x.what;
  value.at = unix_seconds();
  value.settings = s.options.settings;
  ask_to_replace(self, s.bucket, keys::heartbeat_of(s.options.worker_id), to_text(value),
                 x.expected,
                 reported(self, "the heartbeat", [self](const kv_written& answer) {
                   feed(self, session::write_answered{answer});
                 }));
}

void read(self_pointer self) {
  ask_read(self, state_of(self).bucket,
           keys::heartbeat_of(state_of(self).options.worker_id),
           reported(self, "the heartbeat", [self](const kv_read& answer) {
             auto value = beat_from(answer.entry.value, answer.entry.stored_at_ns);
             auto* x = std::get_if<beat>(&value);
             feed(self, session::read_answered{answer, x ? std::optional{std::move(*x)}
                                                         : std::nullopt});
           }));
}

void carry_out(self_pointer self, const session::commands& what) {
  for (const auto& command : what)
    core::match(
        command, [&](const session::write& x) { write(self, x); },
        [&](const session::read&) { read(self); },
        [&](const session::started&) { report<session_started>(self); },
        [&](const session::extended& x) { report<session_extended>(self, x.until); },
        [&](const session::waits& x) { report<session_waits>(self, x.why); },
        [&](const session::over& x) {
          report<session_over>(self, x.why);
          self->quit();
        },
        [&](const session::said& x) { leave(self, goodbye_said{x.acknowledged}); });
}

void feed(self_pointer self, const session::event& what) {
  auto& s = state_of(self);
  carry_out(self, s.session->step(what, now(self)));
  set_alarm(self, s.session->wake_at());
}

} // namespace

heartbeat_actor::behavior_type
heartbeat(heartbeat_actor::stateful_pointer<heartbeat_state> self,
          heartbeat_actor_options options, bucket_actor heartbeats,
          supervisor_actor parent) {
  end_on_exception(self);
  auto& s = state_of(self);
  s.begin(std::move(options), std::move(heartbeats), std::move(parent));
  s.session.emplace(s.options.session);
  carry_out(self, s.session->open());
  return {
      on_alarm(self, [=] { feed(self, session::tick{}); }),
      [=](const record_progress& x) { feed(self, session::progressed{x}); },
      [=](const shared_settings& x) { state_of(self).options.settings = x.values; },
      on_leave<say_goodbye, goodbye_said>(
          self,
          [=](const say_goodbye& x) { feed(self, session::goodbye{x.restarting}); }),
  };
}

} // namespace partita
