// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/actors/deadline_observer.hpp"
#include "partita/actors/worker_clock.hpp"
#include "partita/core/strategies/planning.hpp"
#include "partita/messages/options.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <string>

/// How one worker takes part in its group. Defaults are those of config/partita.toml.
namespace partita {

struct worker_options : member_settings {
  /// Whether a listener that does not stop its work in time ends the worker: right where
  /// that ends the process too. If not, it is reported, and the worker waits for it.
  bool end_if_work_goes_on = false;
  /// Stops the work when this worker no longer can: see deadline_observer.hpp. Null: no
  /// observer; exclusive ownership then requires that the actor system never blocks for
  /// more than an eighth of heartbeat.ttl (docs/embedding.md). Not used with `available`.
  std::shared_ptr<deadline_observer> on_deadline;
  /// The clock for all decisions of this worker.
  worker_clock clock;
  /// Decides who owns what when this worker leads.
  core::strategy strategy;
  /// Names it in the history of plans; may be empty.
  std::string strategy_name;
  /// Other settings that should be the same in the whole group, by name, as text: the
  /// leader reports where they differ (alert `settings_differ`). The worker itself adds
  /// restart_hold and handoff_timeout.
  std::map<std::string, std::string> shared_settings;
  /// Whether the digest of the source's list is one of them, named `partitions`. Then
  /// every worker subscribes to the source, not the leader alone.
  bool states_partitions = false;
  /// Seed of nonces, jitter and choices, for tests; 0: they are random.
  std::uint64_t random_seed = 0;
};

} // namespace partita
