// SPDX-License-Identifier: Apache-2.0
#include "partita/core/strategies/sticky_bound.hpp"

#include "partita/core/strategies/registry.hpp"
#include "partita/core/strategies/weights.hpp"

#include <algorithm>
#include <cstdlib>
#include <tuple>

namespace partita::core {

namespace {

__extension__ using wide = __int128;

/// The workers that still take what is not bound, and what is shared among them.
class bound_planning {
public:
  bound_planning(const planning_input& in, const strategy_options& options)
      : in_(in),
        options_(options),
        weights_(effective_weights(in.partitions, options.default_weight)),
        bound_weight_(in.workers.size()),
        full_(in.workers.size()) {
    for (auto& x : weights_)
      x = std::min(x, max_weight);
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
  std::int64_t capacity(std::size_t w) const {
    return std::clamp<std::int64_t>(in_.workers[w].capacity, 1, max_capacity);
  }

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
      capacities += full_[w] ? 0 : capacity(w);
    auto found = false;
    auto was = full_;
    for (std::size_t w = 0; w < full_.size(); ++w)
      if (!was[w] && bound_weight_[w] > 0
          && wide{bound_weight_[w]} * capacities >= total * capacity(w))
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
      dealt_.push_back(i);
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
    for (std::size_t p = 0; p < dealt_.size(); ++p)
      if (bound_[p])
        put(p, shares);
    for (std::size_t w = 0; w < shares.size(); ++w)
      for (auto p : shares[w])
        result_.shares[workers_[w]].push_back(dealt_[p]);
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
      return std::tuple{std::abs(weights_[dealt_[x]] - weights_[dealt_[p]]), !comes_back,
                        !moves_anyway, x};
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
  std::vector<std::size_t> dealt_;
  std::vector<std::optional<std::size_t>> bound_;
  std::vector<std::optional<std::size_t>> before_;
  plan result_;
};

} // namespace

plan plan_sticky_bound(const planning_input& in, const strategy_options& options) {
  return bound_planning{in, options}.run();
}

} // namespace partita::core
