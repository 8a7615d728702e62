#include "partita/app/side_parts.hpp"

#include "partita/app/exit_codes.hpp"

#include <caf/actor_system.hpp>

namespace partita::app {

std::variant<side_parts, start_failure>
side_parts::start(caf::scoped_actor& self, const config::settings& s,
                  const std::vector<std::string>& command) {
  side_parts result{s};
  if (!command.empty()) {
    std::vector<std::pair<std::string, std::string>> environment{
        {"PARTITA_GROUP", s.group.name}};
    auto started = start_application(self->system(), command, std::move(environment),
                                     caf::actor_cast<caf::actor>(self));
    if (auto* failure = std::get_if<start_failure>(&started))
      return std::move(*failure);
    result.application_ = std::get<application_actor>(std::move(started));
  }
  if (s.hooks.used())
    result.hooks_ = spawn_hooks(self->system(), s.hooks, s.group.name);
  return result;
}

void side_parts::listen_to(const supervisor_actor& worker) const {
  if (hooks_)
    caf::anon_send(worker, caf::actor_cast<listener_actor>(hooks_));
}

std::function<void(int)> side_parts::signal_passer() const {
  if (!application_)
    return {};
  return [to = application_](int signal) { caf::anon_send(to, pass_signal{signal}); };
}

int side_parts::end(caf::scoped_actor& self, bool gracefully) const {
  auto code = static_cast<int>(exit_fine);
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
