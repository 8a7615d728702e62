// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "profile.hpp"
#include "rng.hpp"

#include "partita/actors/options.hpp"

#include <cstddef>

namespace partita::simulation {

/// What one seed makes of a group: its size and its options, short but realistic, all
/// relations of config/relations.cpp kept.
struct settings {
  std::size_t workers = 3;
  std::size_t most_workers = 12;
  std::size_t partitions = 12;
  /// Of all workers; each has its own clock, seed and instance.
  worker_options worker;
  std::chrono::milliseconds watch_heartbeat{500};
  /// Half of the groups name the places of their workers.
  bool instances = false;
  /// One way to the store, at its best.
  core::duration shortest_way{0};
  core::duration slowest_listener{0};
  /// What the store states as its longest value: the longer records are written in parts.
  std::size_t most_value = 0;

  /// How long after the last fault the group is settled, at the latest: one leader, all
  /// partitions owned.
  core::duration settled_after() const;
};

settings settings_of(rng& random, const profile& faults);

} // namespace partita::simulation
