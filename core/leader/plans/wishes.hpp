#pragma once

#include "partita/core/strategies/planning.hpp"
#include "partita/messages/control.hpp"

#include <map>
#include <string>
#include <vector>

/// How the wishes of operators change a plan.
namespace partita::core {

/// The wishes that a plan follows. The texts say for people whose wish it is and why.
struct standing_wishes {
  struct pin {
    worker_id worker;
    std::string text;
  };
  std::map<worker_id, std::string> cordoned;
  std::map<worker_id, std::string> drained;
  /// By partition's name.
  std::map<std::string, pin> pins;

  bool empty() const { return cordoned.empty() && drained.empty() && pins.empty(); }
};

/// Of all wishes those that a plan follows.
standing_wishes standing_of(const std::vector<wish>& all);

/// The wish for people, in not too many words: what operators write may be long.
std::string short_text(const wish& x);

/// How much a plan may change.
enum class freedom : std::uint8_t {
  /// Whatever the strategy and the wishes want.
  full,
  /// Only partitions without an owner are dealt: no others move, drained workers keep what
  /// they have.
  orphans_only
};

struct wished_plan {
  /// As the strategy's, but a partition that nobody may take stands in no share.
  plan shares;
  /// By partition, where a wish decided about a change of its owner: the wish.
  std::map<std::size_t, std::string> reasons;
  /// Wishes that could not be followed, and partitions that nobody may take.
  std::vector<std::string> trouble;
};

/// Who shall own what. A pure function; without wishes and with full freedom exactly what
/// the strategy says.
///
/// - A partition that is pinned to a worker of the input goes to it, unless that is
///   drained; else the pin is told as trouble, and the partition is dealt as any other.
/// - A cordoned worker keeps what it has and gets nothing else but what is pinned to it.
/// - A drained worker gives everything away and gets nothing, as long as there is a worker
///   that is neither drained nor cordoned; else it keeps what it has, which is trouble.
/// - The strategy deals the rest among the workers that are neither. It is told which
///   partitions are bound to them (planning_input::bound): sticky counts their weight and
///   gives such a worker less of the rest.
/// - Partitions without an owner that nobody may take stay without one: trouble.
wished_plan plan_under(const standing_wishes& wishes, const planning_input& in,
                       const strategy& deal, freedom how = freedom::full);

} // namespace partita::core
