// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "journal.hpp"

#include "../../support/nats_server.hpp"
#include "../../support/test_source.hpp"

#include "partita/actors/supervisor/supervisor.hpp"
#include "partita/app/process/runtime.hpp"
#include "partita/store/nats/nats_store.hpp"

#include <caf/actor_system.hpp>

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace partita::test {

/// A group of worker trees in this process, on a nats-server of its own: what an
/// application that embeds partita runs.
class tree_group {
public:
  /// `stores`: how many connections the workers share. `threads`: of the actor system;
  /// `partita run` has one.
  explicit tree_group(std::size_t partitions, std::size_t stores = 1,
                      std::size_t threads = 4);
  ~tree_group();

  void start(const std::string& name);
  /// Workers that start from now on tell this one what happens, and the journal nothing.
  void tell_instead(listener_actor x) { listener_ = std::move(x); }
  void start_many(std::size_t count);
  /// Gracefully; waits for the end.
  void stop(const std::string& name);
  /// All of them at once; waits for the end of all.
  void stop_all(const std::vector<std::string>& names);
  void set_partitions(std::size_t count);
  /// Of one of the threads.
  turn_stats turns();
  bool rest(std::size_t partitions, std::chrono::milliseconds at_most = 60s);

  worker_options& options() { return options_; }
  test::journal& journal() { return journal_; }
  test::nats_server& server() { return server_; }
  caf::actor_system& system() { return system_; }

private:
  test::nats_server server_;
  test::journal journal_;
  app::runtime_config config_;
  caf::actor_system system_;
  worker_options options_;
  std::vector<store_actor> stores_;
  test_source_actor source_;
  listener_actor listener_;
  std::map<std::string, supervisor_actor> workers_;
};

} // namespace partita::test
