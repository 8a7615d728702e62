// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/app/process/application.hpp"
#include "partita/app/process/hooks.hpp"
#include "partita/config/settings.hpp"
#include "partita/messages/interfaces.hpp"

#include <caf/scoped_actor.hpp>

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace partita::app {

/// What stands beside the worker of `partita run`, to do its work: hooks and the application.
class companions {
public:
  explicit companions(const config::settings& s) : settings_{s} {}

  /// Before there is a worker, so that a command that cannot be started never joins a group.
  /// `self` gets stop_worker when the application ends by itself, after a call of `died`.
  std::optional<start_failure> start_application(caf::scoped_actor& self,
                                                 const std::vector<std::string>& command,
                                                 child_variables environment,
                                                 std::function<void()> died);

  /// If there are any.
  void start_hooks(caf::actor_system& sys);

  /// Makes the worker wait for the confirmations of all of it.
  void listen_to(const supervisor_actor& worker) const;

  /// Hands signals on to the application; empty if there is none.
  std::function<void(int)> signal_passer() const;

  /// Can be asked for its stats; null: there are no hooks.
  const hooks_actor& hooks() const { return hooks_; }

  /// After the last worker has ended: waits for the end of all of it. Gives the exit code of
  /// this process. If the worker has failed, others may own its partitions, and the application
  /// is killed.
  int end(caf::scoped_actor& self, bool gracefully) const;

private:
  const config::settings& settings_;
  /// Null: there are none.
  hooks_actor hooks_;
  application_actor application_;
};

} // namespace partita::app
