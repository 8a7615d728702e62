// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/core/strategies/planning.hpp"
#include "partita/messages/control.hpp"

#include <map>
#include <string>
#include <vector>

/// How the directives of operators change a plan.
namespace partita::core {

/// The directives that a plan follows. The texts say who gave a directive and why.
struct standing_directives {
  struct pin {
    worker_id worker;
    std::string text;
  };
  std::map<worker_id, std::string> cordoned;
  std::map<worker_id, std::string> drained;
  /// By name of the partition.
  std::map<std::string, pin> pins;

  bool empty() const { return cordoned.empty() && drained.empty() && pins.empty(); }
};

/// Those of all directives that a plan follows.
standing_directives standing_of(const std::vector<directive>& all);

/// A directive as short text: what operators write may be long.
std::string short_text(const directive& x);

/// How much a plan may change.
enum class freedom : std::uint8_t {
  /// Whatever the strategy and the directives want.
  full,
  /// Only partitions without an owner are assigned: no others move, drained workers keep
  /// what they have.
  orphans_only
};

struct directed_plan {
  /// As the strategy's, but a partition that no worker may take is in no share.
  plan shares;
  /// By partition, where a directive decided about a change of its owner: the directive.
  std::map<std::size_t, std::string> reasons;
  /// Directives that could not be followed, and partitions that no worker may take.
  std::vector<std::string> trouble;
};

/// Which worker must own what. A pure function; without directives and with full freedom
/// exactly what the strategy says.
///
/// - A partition that is pinned to a worker of the input goes to it, unless the worker is
///   drained; else the pin is reported, and the partition is assigned as any other.
/// - A cordoned worker keeps what it has and gets nothing else but what is pinned to it.
/// - A drained worker gives everything away and gets nothing, while there is a worker
///   that is neither drained nor cordoned; else it keeps what it has, which is reported.
/// - The strategy assigns the rest to the workers that are neither. It receives the
///   partitions that are bound to them (planning_input::bound): sticky counts their
///   weight and gives such a worker less of the rest.
/// - Partitions that no worker may take stay without an owner, reported as trouble.
directed_plan plan_under(const standing_directives& directives, const planning_input& in,
                         const strategy& deal, freedom how = freedom::full);

} // namespace partita::core
