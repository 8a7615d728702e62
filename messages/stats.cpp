// SPDX-License-Identifier: Apache-2.0
#include "partita/messages/stats.hpp"

#include <algorithm>
#include <cassert>
#include <numeric>
#include <utility>

namespace partita {

namespace {

template <class T>
void add_each(std::vector<T>& into, const std::vector<T>& what) {
  assert(into.size() == what.size());
  for (std::size_t i = 0; i < what.size(); ++i)
    if constexpr (std::is_class_v<T>)
      into[i].add(what[i]);
    else
      into[i] += what[i];
}

} // namespace

// -- histogram --------------------------------------------------------------------------

histogram::histogram(std::vector<double> upper_bounds)
    : bounds{std::move(upper_bounds)}, counts(bounds.size() + 1) {}

void histogram::add(std::chrono::duration<double> x) {
  auto i = std::lower_bound(bounds.begin(), bounds.end(), x.count()) - bounds.begin();
  ++counts.at(static_cast<std::size_t>(i));
  sum += x.count();
}

void histogram::add(const histogram& x) {
  add_each(counts, x.counts);
  sum += x.sum;
}

std::uint64_t histogram::count() const {
  return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
}

std::vector<double> latency_bounds() {
  return {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1};
}

std::vector<double> handoff_bounds() {
  return {0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120};
}

// -- adding up --------------------------------------------------------------------------

void turn_stats::add(std::chrono::nanoseconds x) {
  taken.add(x);
  longest = std::max(longest, x);
}

void store_stats::add(const store_stats& x) {
  for (std::size_t i = 0; i < operations.size(); ++i) {
    operations[i].latency.add(x.operations.at(i).latency);
    add_each(operations[i].outcomes, x.operations[i].outcomes);
  }
  watch_rebuilds += x.watch_rebuilds;
  reconnects += x.reconnects;
}

void group_stats::add(const group_stats& x) {
  published = x.published;
  partitions = x.partitions;
  unowned = x.unowned;
  add_each(moves, x.moves);
  unowned_for.add(x.unowned_for);
  confirm.add(x.confirm);
  grant.add(x.grant);
  add_each(rebalance, x.rebalance);
  conflicts += x.conflicts;
  unknown += x.unknown;
}

// -- names ------------------------------------------------------------------------------

const char* to_string(store_operation x) {
  return word_of(x, {"last", "put", "create", "update", "remove", "open"});
}

const char* to_string(store_outcome x) {
  return word_of(x, {"done", "conflict", "unknown", "not_connected", "refused"});
}

} // namespace partita
