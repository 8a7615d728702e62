// SPDX-License-Identifier: Apache-2.0
#include "partita/app/service/companions.hpp"

#include "partita/app/process/exit_codes.hpp"

#include <caf/actor_system.hpp>

namespace partita::app {

std::optional<start_failure>
companions::start_application(caf::scoped_actor& self,
                              const std::vector<std::string>& command,
                              child_variables environment, std::function<void()> died) {
  auto over = [main = caf::actor_cast<caf::actor>(self), call = std::move(died)] {
    call();
    caf::anon_send(main, stop_worker{leave_mode::stop});
  };
  auto started = spawn_application(self->system(), command, std::move(environment), over);
  if (auto* failure = std::get_if<start_failure>(&started))
    return std::move(*failure);
  application_ = std::get<application_actor>(std::move(started));
  return std::nullopt;
}

void companions::start_hooks(caf::actor_system& sys) {
  if (settings_.hooks.used())
    hooks_ = spawn_hooks(sys, settings_.hooks, settings_.group.name);
}

void companions::listen_to(const supervisor_actor& worker) const {
  if (hooks_)
    caf::anon_send(worker, caf::actor_cast<listener_actor>(hooks_));
}

std::function<void(int)> companions::signal_passer() const {
  if (!application_)
    return {};
  return [to = application_](int signal) { caf::anon_send(to, pass_signal{signal}); };
}

int companions::end(caf::scoped_actor& self, bool gracefully) const {
  auto code = static_cast<int>(gracefully ? exit_fine : exit_failed);
  if (application_ && gracefully)
    code = end_in_order(self, application_, settings_.timeouts.shutdown);
  // Kills it if it still runs.
  if (application_)
    caf::anon_send_exit(application_, caf::exit_reason::kill);
  if (hooks_)
    end_hooks(self, hooks_, settings_.hooks);
  return code;
}

} // namespace partita::app
