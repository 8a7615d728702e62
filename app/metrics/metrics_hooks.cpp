// SPDX-License-Identifier: Apache-2.0
#include "partita/app/metrics/metric_family.hpp"

namespace partita::app {

namespace {

/// One metric over all kinds of hooks.
template <class Value>
void add(metric_families& to, metric_family&& family, const hook_stats& x, Value value) {
  using kind = core::hook_kind;
  for (const auto& [what, counts] :
       {std::pair{kind::assigned, &x.assigned}, std::pair{kind::revoked, &x.revoked},
        std::pair{kind::lost, &x.lost}, std::pair{kind::state, &x.state}})
    family.add({{"hook", to_string(what)}}, std::uint64_t{value(*counts)});
  to.push_back(std::move(family));
}

} // namespace

void add_hook_families(metric_families& to, const hook_stats& x) {
  using counts = core::hook_counts;
  add(to,
      metric_family::counter("partita_hook_runs_total", "Commands that were started."), x,
      [](const counts& y) { return y.runs; });
  add(to,
      metric_family::counter("partita_hook_failures_total",
                             "Commands that did not end with exit code 0."),
      x, [](const counts& y) { return y.failures; });
  add(to,
      metric_family::counter("partita_hook_timeouts_total",
                             "Commands that were ended because they took too long."),
      x, [](const counts& y) { return y.timeouts; });
  add(to,
      metric_family::gauge("partita_hook_waiting",
                           "Commands that are not begun, or wait to be tried again."),
      x, [](const counts& y) { return y.waiting; });
  add(to, metric_family::gauge("partita_hook_running", "1: a command runs."), x,
      [](const counts& y) { return y.running ? 1u : 0u; });
}

} // namespace partita::app
