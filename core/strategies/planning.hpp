// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/messages/ids.hpp"
#include "partita/messages/partition.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

/// The question that a strategy answers: which worker gets which partition.
namespace partita::core {

/// A worker that may own partitions.
struct candidate {
  worker_id id;
  /// Share of the work compared with others; no unit; at least 1.
  std::int64_t capacity = 100;
  std::string zone;
};

struct planning_input {
  /// In the order of their ids' numbers; at most one of a name.
  std::vector<candidate> workers;
  /// In the order of their source.
  std::vector<partition> partitions;
  /// By partition: the index in `workers` of its present owner, if it has one. Empty:
  /// there was no plan before.
  std::vector<std::optional<std::size_t>> previous;
  /// By partition: the zone of its present owner, or of its last one where that has gone;
  /// empty: not known. Empty list: known of none.
  std::vector<std::string> zones = {};
  /// By partition: the worker that gets it in any case, if there is one. Empty: none. A
  /// strategy may ignore it: the caller puts such partitions where they are bound to. A
  /// strategy that balances counts their weight.
  std::vector<std::optional<std::size_t>> bound = {};
};

struct plan {
  /// By worker, as in planning_input::workers: indices of its partitions, in the order in
  /// which the strategy assigned them. Every partition is in exactly one share, unless
  /// there is no worker.
  std::vector<std::vector<std::size_t>> shares;

  friend bool operator==(const plan&, const plan&) = default;
};

/// A pure function: the same input always gives the same plan.
using strategy = std::function<plan(const planning_input&)>;

} // namespace partita::core
