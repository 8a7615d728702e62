// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/app/dev/dev_console.hpp"
#include "partita/app/wiring/wiring.hpp"

#include <caf/scoped_actor.hpp>

#include <chrono>
#include <string>
#include <vector>

namespace partita::app {

/// Some workers of one group in this process, each in a slot of its own (its `instance`),
/// so that one that comes back gets its former id. Used from the thread of `self` alone.
class dev_group {
public:
  dev_group(caf::scoped_actor& self, worker_options options, store_actor store,
            partition_source_actor source, dev_console_actor board);

  /// Starts a worker in every slot from 0 to `count` - 1.
  void start(std::size_t count);

  /// Ends the leader without a goodbye; its slot stays empty. Nothing happens, and the
  /// answer is `no_slot`, if there is no leader at the moment.
  std::size_t kill_leader();
  static constexpr std::size_t no_slot = static_cast<std::size_t>(-1);

  /// Starts a worker in an empty slot.
  void restart(std::size_t slot);

  /// Orders all workers to leave. The console passes the worker_stopped of each on.
  void stop();

  /// How many workers have not ended.
  std::size_t alive() const;

private:
  caf::scoped_actor& self_;
  worker_options options_;
  store_actor store_;
  partition_source_actor source_;
  dev_console_actor board_;
  /// By slot; null: empty.
  std::vector<supervisor_actor> workers_;
};

} // namespace partita::app
