// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/app/http/http_server.hpp"
#include "partita/config/settings.hpp"

#include <caf/actor.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

/// HTTP as a part of `partita run`.
namespace partita::app {

/// The application state and the server in front of it.
class http_part {
public:
  /// Listens at http.listen, which must be set. `host` receives application_changed,
  /// `reporter` its own alerts. `exclusive`: see application_state_options. `pages`: what
  /// else is served. The other alternative says why it cannot listen, and what to do.
  static std::variant<http_part, std::string>
  start(caf::actor_system& sys, const config::http_settings& s, bool exclusive,
        caf::actor host, listener_actor reporter, std::vector<http_page> pages = {});

  /// Serves this worker from now on, as one of its listeners.
  void attach(const supervisor_actor& worker);

  /// The worker has ended.
  void detach();

  /// For programs on this machine: `http://127.0.0.1:8080`.
  const std::string& address() const { return server_->address(); }

  /// To be called, from anywhere, when the application's process has ended for good: all that
  /// it is to stop has stopped by that.
  std::function<void()> farewell() const;

  /// See http_server::stop.
  void stop();

private:
  http_part(application_state_actor application, std::unique_ptr<http_server> server)
      : application_{std::move(application)}, server_{std::move(server)} {}

  application_state_actor application_;
  std::unique_ptr<http_server> server_;
};

} // namespace partita::app
