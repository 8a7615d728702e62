// SPDX-License-Identifier: Apache-2.0
#include "partita/app/http/http_part.hpp"

#include "partita/app/output/event_lines.hpp"

#include <caf/actor_system.hpp>
#include <caf/send.hpp>

#include <spdlog/spdlog.h>

namespace partita::app {

std::variant<http_part, std::string>
http_part::start(caf::actor_system& sys, const config::http_settings& s,
                 std::string group, bool exclusive, caf::actor host,
                 listener_actor reporter, std::vector<http_page> pages) {
  application_state_options state_options;
  state_options.group = std::move(group);
  state_options.confirm = s.confirm;
  state_options.app_ttl = s.app_ttl;
  state_options.exclusive = exclusive;
  state_options.first_number = static_cast<std::uint64_t>(wall_clock_ns() / 1000);
  auto application =
      spawn_application_state(sys, state_options, host, std::move(reporter));
  auto started = http_server::start(sys, {s, std::move(pages)}, application);
  if (auto* why = std::get_if<std::string>(&started)) {
    caf::anon_send_exit(application, caf::exit_reason::user_shutdown);
    return "HTTP " + *why;
  }
  http_part result{application, std::move(std::get<0>(started))};
  spdlog::info("HTTP at {}", result.address());
  return result;
}

void http_part::attach(const supervisor_actor& worker, bool listens) const {
  caf::anon_send(application, worker);
  if (!worker)
    return;
  // The deadline comes before the partitions.
  caf::anon_send(worker, caf::actor_cast<session_listener_actor>(application));
  if (listens)
    caf::anon_send(worker, caf::actor_cast<listener_actor>(application));
}

void http_part::stop() const {
  server->stop();
  caf::anon_send_exit(application, caf::exit_reason::user_shutdown);
}

} // namespace partita::app
