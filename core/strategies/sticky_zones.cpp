// SPDX-License-Identifier: Apache-2.0
#include "partita/core/strategies/sticky_problem.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

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
        order_.push_back(p);
  }

  void run() {
    if (std::none_of(order_.begin(), order_.end(),
                     [this](std::size_t p) { return has_zone(p); }))
      return;
    problem_.sort_by_place(order_);
    for (std::size_t pos = 0; pos < order_.size(); ++pos)
      abroad_[place_of(order_[pos])].insert(pos);
    for (std::size_t pos = 0; pos < order_.size(); ++pos)
      if (is_abroad(order_[pos]) && has_zone(order_[pos]))
        bring_home(pos);
  }

private:
  using place = std::pair<std::int64_t, std::string_view>; // weight and zone

  bool has_zone(std::size_t p) const { return !problem_.zones[p].empty(); }

  std::string_view zone_of_owner(std::size_t p) const {
    return problem_.worker_zones[owners_[p]];
  }

  place place_of(std::size_t p) const { return {problem_.weights[p], zone_of_owner(p)}; }

  /// It moves, and not to its own zone (if it has one).
  bool is_abroad(std::size_t p) const {
    return owners_[p] != problem_.owners[p] && problem_.zones[p] != zone_of_owner(p);
  }

  void bring_home(std::size_t pos) {
    auto p = order_[pos];
    auto home = abroad_.find({problem_.weights[p], problem_.zones[p]});
    if (home == abroad_.end() || home->second.empty())
      return;
    auto other = *home->second.begin();
    auto q = order_[other];
    auto& here = abroad_[place_of(p)];
    home->second.erase(other);
    here.erase(pos);
    std::swap(owners_[p], owners_[q]);
    if (is_abroad(q))
      here.insert(other);
  }

  const sticky_problem& problem_;
  placement& owners_;
  /// What is abroad at first, by place on the ring.
  std::vector<std::size_t> order_;
  /// Positions in order_.
  std::map<place, std::set<std::size_t>> abroad_;
};

} // namespace

void exchange_for_zones(const sticky_problem& problem, placement& owners) {
  if (problem.has_zones)
    zone_exchange{problem, owners}.run();
}

} // namespace partita::core
