// SPDX-License-Identifier: Apache-2.0
#include "partita/actors/heartbeat.hpp"

#include "partita/actors/log.hpp"
#include "partita/messages/codec.hpp"
#include "partita/messages/keys.hpp"

namespace partita {

namespace {

using self_pointer = heartbeat_actor::stateful_pointer<heartbeat_state>;

core::time_point now(self_pointer self) {
  return self->state.options.clock.now(self);
}

void carry_out(self_pointer self, const core::session::commands& what);

void feed(self_pointer self, const core::session::event& what) {
  auto& s = self->state;
  carry_out(self, s.session->step(what, now(self)));
  s.alarm.set(self, s.options.clock, s.options.run, s.session->wake_at());
}

struct executor {
  self_pointer self;

  void operator()(const core::session::write& x) const {
    const auto& s = self->state;
    auto value = x.what;
    value.at = unix_seconds();
    value.settings = s.options.settings;
    ask_to_replace(
        self, s.bucket, keys::heartbeat_of(s.options.worker_id), to_text(value),
        x.expected,
        reported(self, "the heartbeat", [self = self](const kv_written& answer) {
          feed(self, core::session::write_answered{answer});
        }));
  }

  void operator()(const core::session::read&) const {
    const auto& s = self->state;
    ask_read(self, s.bucket, kv_last{keys::heartbeat_of(s.options.worker_id)},
             reported(self, "the heartbeat", [self = self](const kv_read& answer) {
               auto value = beat_from(answer.entry.value, answer.entry.stored_at_ns);
               std::optional<beat> found;
               if (auto* x = std::get_if<beat>(&value))
                 found = std::move(*x);
               feed(self, core::session::read_answered{answer, std::move(found)});
             }));
  }

  void operator()(const core::session::started&) const {
    self->send(self->state.parent, session_started{self->state.options.run});
  }

  void operator()(const core::session::extended& x) const {
    self->send(self->state.parent, session_extended{self->state.options.run, x.until});
  }

  void operator()(const core::session::waits& x) const {
    self->send(self->state.parent, session_waits{self->state.options.run, x.why});
  }

  void operator()(const core::session::over& x) const {
    self->send(self->state.parent, session_over{self->state.options.run, x.why});
    self->quit();
  }

  void operator()(const core::session::said& x) const {
    if (self->state.leaving.pending())
      self->state.leaving.deliver(goodbye_said{x.acknowledged});
    self->quit();
  }
};

void carry_out(self_pointer self, const core::session::commands& what) {
  for (const auto& x : what)
    std::visit(executor{self}, x);
}

} // namespace

heartbeat_actor::behavior_type
heartbeat(heartbeat_actor::stateful_pointer<heartbeat_state> self,
          heartbeat_actor_options options, bucket_actor heartbeats,
          supervisor_actor parent) {
  auto& s = self->state;
  s.options = std::move(options);
  s.bucket = std::move(heartbeats);
  s.parent = std::move(parent);
  s.session.emplace(core::session::options{.self = s.options.self,
                                           .interval = s.options.interval,
                                           .ttl = s.options.ttl,
                                           .pause = s.options.pause,
                                           .program_version = PARTITA_VERSION,
                                           .capacity = s.options.capacity,
                                           .zone = s.options.zone,
                                           .exclusive = s.options.exclusive,
                                           .past = s.options.past});
  carry_out(self, s.session->open());
  return {
      [=](const wake& x) {
        if (self->state.alarm.rings(x, self->state.options.run))
          feed(self, core::session::tick{});
      },
      [=](const record_progress& x) { feed(self, core::session::progressed{x}); },
      [=](const shared_settings& x) { self->state.options.settings = x.values; },
      [=](const say_goodbye& x) -> caf::result<goodbye_said> {
        auto& state = self->state;
        state.leaving = self->make_response_promise<goodbye_said>();
        auto result = state.leaving;
        feed(self, core::session::goodbye{x.restarting});
        return result;
      },
  };
}

} // namespace partita
