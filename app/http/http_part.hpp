// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/app/http/http_server.hpp"

#include <caf/actor.hpp>

#include <memory>
#include <string>
#include <variant>
#include <vector>

namespace partita::app {

/// HTTP as a part of a process: the application state and the server in front of it.
struct http_part {
  application_state_actor application;
  std::unique_ptr<http_server> server;

  /// Listens at http.listen, which must be set. `host` receives application_changed,
  /// `reporter` its own alerts. `exclusive`: see application_state_options. `pages`: what
  /// else is served. The other alternative says why it cannot listen, and what to do.
  static std::variant<http_part, std::string>
  start(caf::actor_system& sys, const config::http_settings& s, std::string group,
        bool exclusive, caf::actor host, listener_actor reporter,
        std::vector<http_page> pages);

  /// Serves this worker from now on; null: it has ended. `listens`: as one of its listeners
  /// (false: another one passes the events on).
  void attach(const supervisor_actor& worker, bool listens = true) const;

  const std::string& address() const { return server->address(); }

  /// See http_server::stop.
  void stop() const;
};

} // namespace partita::app
