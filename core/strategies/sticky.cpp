// SPDX-License-Identifier: Apache-2.0
#include "partita/core/strategies/shares.hpp"
#include "partita/core/strategies/sticky_problem.hpp"

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <map>
#include <set>
#include <tuple>
#include <utility>

namespace partita::core {

namespace {

/// The present owner of a partition of the input, as a position in the input's workers.
std::size_t previous_owner(const planning_input& in, std::size_t partition) {
  if (partition >= in.previous.size())
    return no_worker;
  auto owner = in.previous[partition].value_or(no_worker);
  return owner < in.workers.size() ? owner : no_worker;
}

/// Two partitions of one weight that move, or are newly placed, may change places: every
/// worker keeps its load, and the number of moves does not grow. So a partition that the
/// plan sent out of its own zone changes places with one that the plan sent into that zone
/// and that does not belong there. Each exchange brings at least one partition home and
/// takes none away. In the end, for each zone, either no partition outside belongs there
/// or all that moved there do; no exchange could bring more home.
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

__extension__ using wide = __int128;

/// plan_sticky where some partitions are bound to workers (planning_input::bound).
///
/// What is bound counts in the balance: a worker that its bound partitions give its fair
/// share or more gets nothing else, and the others share the rest among them as if it
/// were not there. In every other share the bound partitions have the place of others:
/// one that sticky would have put elsewhere changes places with one of about its weight.
/// So where all weigh the same the others differ by at most one partition, as always;
/// else their bounds may be missed by the difference of the two weights.
class bound_planning {
public:
  bound_planning(const planning_input& in, const strategy_options& options)
      : in_(in),
        options_(options),
        weights_(capped_weights(in.partitions, options.default_weight)),
        bound_weight_(in.workers.size()),
        full_(in.workers.size()) {
    for (std::size_t i = 0; i < in.partitions.size(); ++i)
      if (in.bound[i])
        bound_weight_[*in.bound[i]] += weights_[i];
  }

  plan run() {
    while (find_full()) {
    }
    result_.shares.resize(in_.workers.size());
    for (std::size_t i = 0; i < in_.partitions.size(); ++i)
      if (in_.bound[i] && full_[*in_.bound[i]])
        result_.shares[*in_.bound[i]].push_back(i);
    deal_rest();
    for (auto& share : result_.shares)
      std::sort(share.begin(), share.end());
    return std::move(result_);
  }

private:
  /// Whether partition i is left out of what is assigned.
  bool is_settled(std::size_t i) const { return in_.bound[i] && full_[*in_.bound[i]]; }

  /// Takes out each worker that has its fair share by what is bound to it; each that goes
  /// makes the share of the others smaller.
  bool find_full() {
    wide total = 0;
    wide capacities = 0;
    for (std::size_t i = 0; i < weights_.size(); ++i)
      total += is_settled(i) ? 0 : weights_[i];
    for (std::size_t w = 0; w < full_.size(); ++w)
      capacities += full_[w] ? 0 : capped_capacity(in_.workers[w]);
    auto found = false;
    auto was = full_;
    for (std::size_t w = 0; w < full_.size(); ++w)
      if (!was[w] && bound_weight_[w] > 0
          && wide{bound_weight_[w]} * capacities
                 >= total * capped_capacity(in_.workers[w]))
        found = full_[w] = true;
    return found;
  }

  void deal_rest() {
    planning_input rest;
    std::vector<std::size_t> place(in_.workers.size());
    for (std::size_t w = 0; w < in_.workers.size(); ++w)
      if (!full_[w]) {
        place[w] = workers_.size();
        workers_.push_back(w);
        rest.workers.push_back(in_.workers[w]);
      }
    auto place_of = [&](std::optional<std::size_t> w) {
      return w && *w < full_.size() && !full_[*w] ? std::optional{place[*w]}
                                                  : std::nullopt;
    };
    for (std::size_t i = 0; i < in_.partitions.size(); ++i) {
      if (is_settled(i))
        continue;
      unsettled_.push_back(i);
      rest.partitions.push_back(in_.partitions[i]);
      if (!in_.zones.empty())
        rest.zones.push_back(in_.zones[i]);
      bound_.push_back(place_of(in_.bound[i]));
      before_.push_back(
          place_of(i < in_.previous.size() ? in_.previous[i] : std::nullopt));
      // So the balance is sought around it.
      rest.previous.push_back(bound_.back() ? bound_.back() : before_.back());
    }
    if (rest.workers.empty())
      return;
    auto shares = plan_sticky(rest, options_).shares;
    for (std::size_t p = 0; p < unsettled_.size(); ++p)
      if (bound_[p])
        put(p, shares);
    for (std::size_t w = 0; w < shares.size(); ++w)
      for (auto p : shares[w])
        result_.shares[workers_[w]].push_back(unsettled_[p]);
  }

  /// Puts a bound partition where it is bound to; something else goes in its place.
  void put(std::size_t p, std::vector<std::vector<std::size_t>>& shares) {
    auto& to = shares[*bound_[p]];
    if (std::find(to.begin(), to.end(), p) != to.end())
      return;
    auto from = std::find_if(shares.begin(), shares.end(), [&](const auto& share) {
      return std::find(share.begin(), share.end(), p) != share.end();
    });
    auto there = static_cast<std::size_t>(from - shares.begin());
    std::erase(*from, p);
    // First what comes back by that, then what moves anyway.
    auto cost = [&](std::size_t x) {
      auto comes_back = before_[x] == there;
      auto moves_anyway = before_[x] != bound_[p];
      return std::tuple{std::abs(weights_[unsettled_[x]] - weights_[unsettled_[p]]),
                        !comes_back, !moves_anyway, x};
    };
    std::optional<std::size_t> other;
    for (auto x : to)
      if (!bound_[x] && (!other || cost(x) < cost(*other)))
        other = x;
    if (other) {
      std::erase(to, *other);
      from->push_back(*other);
    }
    to.push_back(p);
  }

  const planning_input& in_;
  const strategy_options& options_;
  std::vector<std::int64_t> weights_;
  /// By worker: of what is bound to it, and whether it gets nothing else.
  std::vector<std::int64_t> bound_weight_;
  std::vector<bool> full_;
  /// What is assigned: workers and partitions of the input; by partition the worker that
  /// it is bound to and the one that has it.
  std::vector<std::size_t> workers_;
  std::vector<std::size_t> unsettled_;
  std::vector<std::optional<std::size_t>> bound_;
  std::vector<std::optional<std::size_t>> before_;
  plan result_;
};

} // namespace

sticky_problem::sticky_problem(const planning_input& in, const strategy_options& options)
    : weights(capped_weights(in.partitions, options.default_weight)),
      in_(in),
      options_(options),
      worker_order_(by_id(in.workers)),
      places_(in.partitions.size()) {
  add_workers();
  add_partitions();
}

void sticky_problem::add_workers() {
  for (auto pos : worker_order_) {
    capacities.push_back(capped_capacity(in_.workers[pos]));
    total_capacity += capacities.back();
    worker_zones.emplace_back(in_.workers[pos].zone);
    has_zones = has_zones || !worker_zones.back().empty();
  }
}

void sticky_problem::add_partitions() {
  std::vector<std::size_t> rank_of(worker_order_.size());
  for (std::size_t i = 0; i < worker_order_.size(); ++i)
    rank_of[worker_order_[i]] = i;
  owners.reserve(weights.size());
  for (std::size_t p = 0; p < weights.size(); ++p) {
    auto owner = previous_owner(in_, p);
    owners.push_back(owner == no_worker ? no_worker : rank_of[owner]);
    if (!has_zones)
      continue;
    if (owner != no_worker)
      zones.emplace_back(in_.workers[owner].zone);
    else
      zones.emplace_back(p < in_.zones.size() ? in_.zones[p] : std::string_view{});
  }
}

std::uint64_t sticky_problem::place_of(std::size_t partition) const {
  auto& result = places_[partition];
  if (result == 0)
    result = hash_of(in_.partitions[partition], options_.seed);
  return result;
}

void sticky_problem::sort_by_place(std::vector<std::size_t>& partitions) const {
  std::vector<std::pair<std::uint64_t, std::size_t>> sorted;
  sorted.reserve(partitions.size());
  for (auto p : partitions)
    sorted.emplace_back(place_of(p), p);
  std::sort(sorted.begin(), sorted.end(), [this](const auto& x, const auto& y) {
    if (x.first != y.first)
      return x.first < y.first;
    const auto& xs = in_.partitions;
    return std::tie(xs[x.second].keys, x.second) < std::tie(xs[y.second].keys, y.second);
  });
  for (std::size_t i = 0; i < sorted.size(); ++i)
    partitions[i] = sorted[i].second;
}

void sticky_problem::sort_by_weight(std::vector<std::size_t>& partitions) const {
  sort_by_place(partitions);
  std::stable_sort(
      partitions.begin(), partitions.end(),
      [this](std::size_t x, std::size_t y) { return weights[x] > weights[y]; });
}

void sticky_problem::build_ring(bool whole) const {
  std::vector<std::uint64_t> asked;
  std::copy_if(places_.begin(), places_.end(), std::back_inserter(asked),
               [](std::uint64_t place) { return place != 0; });
  auto ids = ids_of(in_.workers, worker_order_);
  // A part with half of all points would save nothing.
  if (whole || asked.size() * 200 >= worker_count() * options_.virtual_nodes)
    ring_.emplace(ids, options_.virtual_nodes, options_.seed);
  else
    ring_.emplace(ids, options_.virtual_nodes, options_.seed, asked);
}

plan sticky_problem::to_plan(const placement& chosen) const {
  auto by_rank = plan_of(chosen, worker_count());
  plan result;
  result.shares.resize(worker_count());
  for (std::size_t i = 0; i < worker_count(); ++i)
    result.shares[worker_order_[i]] = std::move(by_rank.shares[i]);
  return result;
}

/// Keeps every owner that the balance allows to keep.
///
/// A move is a partition that leaves a worker that is still there; partitions without an
/// owner, or of a worker that is gone, must be placed anyway. A weight <= 0 counts as
/// default_weight, a capacity below 1 as 1; weights above 2^40 count as 2^40, capacities
/// above 2^31 as 2^31.
///
/// Unweighted (all effective weights are equal) it promises, with the fair share of a
/// worker being number of partitions x its capacity / total capacity:
/// - every worker has its fair share, rounded down or up; so
///   two workers of equal capacity differ by at most one
///   partition;
/// - no plan for which this holds moves fewer partitions. Who of the workers rounds up is
///   chosen for fewest moves, then by the largest remainder, then by the ring.
///
/// Weighted, with the fair share being total weight x capacity / total capacity:
/// - |load - fair share| <= max(10 % of the fair share, the heaviest weight), always;
/// - the weight moved comes close to the minimum for these bounds, which cannot be computed
///   in time: with very few exceptions it is at most one heaviest partition more; see
///   sticky_weighted.cpp. A group that is within its bounds is left alone.
///
/// Both: what moves or is newly placed goes to its owner on the hash ring while that
/// costs no move and no balance (unweighted: else to the next worker on the ring that has
/// room); what has to leave a worker is first what the ring gives to a worker that lacks
/// some. So a worker that returns gets its old partitions rather than others.
///
/// Zones: of partitions of one weight that move or are placed anyway, as many as possible
/// go to a worker of the zone in which they were. That costs no balance and no move, and
/// is decided before the ring; a worker or a partition without a zone has no preference.
///
/// Partitions that are bound to a worker count in its balance: see bound_planning.
///
/// Who owns what does not depend on the order of workers and partitions (as long as no
/// two share a name). A share is in the order of the input.
plan plan_sticky(const planning_input& in, const strategy_options& options) {
  if (in.workers.empty())
    return {};
  if (!in.bound.empty())
    return bound_planning{in, options}.run();
  sticky_problem problem{in, options};
  auto owners =
      all_equal(problem.weights) ? place_even(problem) : place_weighted(problem);
  if (problem.has_zones)
    zone_exchange{problem, owners}.run();
  return problem.to_plan(owners);
}

} // namespace partita::core
