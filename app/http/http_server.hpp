// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/app/http/http_api.hpp"

#include <caf/fwd.hpp>

#include <functional>
#include <memory>
#include <string>
#include <variant>

namespace partita::app {

struct http_options {
  /// `host:port`; port 0: any free one.
  std::string listen;
  http_rules rules;
};

/// The sockets and threads in front of http_api and the application state. Each request
/// has a thread for itself, and sends requests to the application state; nothing is
/// shared. Connections are not kept open between requests: an idle one would occupy a
/// thread that polls it a hundred times a second.
class http_server {
public:
  /// Returns once connections are accepted; the other alternative says why none can be, and
  /// what to do. `broken` is called from the server's own thread if it ends by itself.
  static std::variant<std::unique_ptr<http_server>, std::string>
  start(caf::actor_system& sys, http_options options, application_state_actor application,
        std::function<void()> broken);

  http_server(const http_server&) = delete;
  http_server& operator=(const http_server&) = delete;
  /// Stops it.
  ~http_server();

  /// For programs on this machine: `http://127.0.0.1:8080`.
  const std::string& address() const;

  /// Whether it has ended without being stopped.
  bool broken() const;

  /// Answers what is under way and accepts nothing any more. False: a client that neither
  /// continues nor goes away keeps it from ending; its threads then keep running, and the
  /// process has to end without waiting for them.
  bool stop();

private:
  class impl;

  explicit http_server(std::unique_ptr<impl> x);

  std::unique_ptr<impl> impl_;
};

} // namespace partita::app
