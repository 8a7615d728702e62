// SPDX-License-Identifier: Apache-2.0
#include "partita/core/strategies/sticky_problem.hpp"

#include <map>
#include <set>
#include <string_view>
#include <utility>

// Two partitions of one weight that move, or are newly placed, may change places: every
// worker keeps its load, and the number of moves does not grow. So a partition that the
// plan sent out of its own zone changes places with one that the plan sent into that zone
// and that does not belong there. Each exchange brings at least one partition home and
// takes none away. In the end, for each zone, either no partition outside belongs there
// or all that moved there do; no exchange could bring more home.
namespace partita::core {

namespace {

class zone_exchange {
public:
  zone_exchange(const sticky_problem& problem, placement& owners)
      : problem_{problem}, owners_{owners} {
    for (std::size_t p = 0; p < owners_.size(); ++p)
      if (is_abroad(p))
        abroad_[{problem_.weights[p], zone_of_owner(p)}].insert(p);
  }

  void run() {
    for (std::size_t p = 0; p < owners_.size(); ++p)
      if (is_abroad(p) && !problem_.zones[p].empty())
        bring_home(p);
  }

private:
  using place = std::pair<std::int64_t, std::string_view>; // weight and zone

  std::string_view zone_of_owner(std::size_t p) const {
    return problem_.worker_zones[owners_[p]];
  }

  /// It moves, and not to its own zone (if it has one).
  bool is_abroad(std::size_t p) const {
    return owners_[p] != problem_.owners[p] && problem_.zones[p] != zone_of_owner(p);
  }

  void bring_home(std::size_t p) {
    auto home = abroad_.find({problem_.weights[p], problem_.zones[p]});
    if (home == abroad_.end() || home->second.empty())
      return;
    auto q = *home->second.begin();
    auto here = place{problem_.weights[p], zone_of_owner(p)};
    home->second.erase(q);
    abroad_[here].erase(p);
    std::swap(owners_[p], owners_[q]);
    if (is_abroad(q))
      abroad_[here].insert(q);
  }

  const sticky_problem& problem_;
  placement& owners_;
  std::map<place, std::set<std::size_t>> abroad_;
};

} // namespace

void exchange_for_zones(const sticky_problem& problem, placement& owners) {
  if (problem.has_zones)
    zone_exchange{problem, owners}.run();
}

} // namespace partita::core
