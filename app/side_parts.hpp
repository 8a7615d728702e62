#pragma once

#include "partita/app/application.hpp"
#include "partita/app/hooks.hpp"
#include "partita/config/settings.hpp"
#include "partita/messages/interfaces.hpp"

#include <caf/scoped_actor.hpp>

#include <functional>
#include <string>
#include <variant>
#include <vector>

namespace partita::app {

/// What stands beside the worker of `partita run`, to do its work: hooks and the application.
class side_parts {
public:
  /// Starts all of it before there is a worker, so that a command that cannot be started
  /// never joins a group. `command`: the application; empty: none.
  static std::variant<side_parts, start_failure>
  start(caf::scoped_actor& self, const config::settings& s,
        const std::vector<std::string>& command);

  /// Makes the worker wait for the confirmations of all of it.
  void listen_to(const supervisor_actor& worker) const;

  /// Hands signals on to the application; empty if there is none.
  std::function<void(int)> signal_passer() const;

  /// After the worker has ended: waits for the end of all of it. The exit code of the
  /// process, if the worker has not failed; if it has, others may own its partitions and the
  /// application is killed.
  int end(caf::scoped_actor& self, bool gracefully) const;

private:
  explicit side_parts(const config::settings& s) : settings_{s} {}

  const config::settings& settings_;
  /// Null: there are none.
  hooks_actor hooks_;
  application_actor application_;
};

} // namespace partita::app
