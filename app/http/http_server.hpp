// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/app/http/http_api.hpp"

#include <caf/fwd.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <variant>

namespace partita::app {

struct http_options {
  /// `listen` is set.
  config::http_settings settings;
  /// What else is served.
  std::vector<http_page> pages = {};
  /// Calls that wait at a time: long polls and followers of events. Fewer where the process
  /// may not open so many files.
  std::size_t most_waiting = 2000;
  /// How long a request may take, be it sent byte by byte.
  std::chrono::seconds request_patience{10};
};

/// The sockets in front of http_api and the application state. One thread serves all clients;
/// it waits for none of them, nor for an actor: a call whose answer is not there yet is
/// suspended until it has come.
class http_server {
public:
  /// Returns once connections are accepted; the other alternative says why none can be, and
  /// what to do.
  static std::variant<std::unique_ptr<http_server>, std::string>
  start(caf::actor_system& sys, http_options options,
        application_state_actor application);

  /// Stops it.
  virtual ~http_server() = default;

  /// For programs on this machine: `http://127.0.0.1:8080`.
  virtual const std::string& address() const = 0;

  /// Answers what is under way, for 3 s at most, and accepts nothing any more.
  virtual void stop() = 0;
};

} // namespace partita::app
