#include "partita/app/metric_family.hpp"

#include <utility>

namespace partita::app {

void add_hook_families(metric_families& to, const hook_figures& x) {
  auto runs = metric_family::counter("partita_hook_runs_total",
                                     "How often a hook was run, tries included.");
  auto failures = metric_family::counter(
      "partita_hook_failures_total", "Runs that did not end well, time-outs included.");
  auto timeouts =
      metric_family::counter("partita_hook_timeouts_total", "Runs that were timed out.");
  auto running = metric_family::gauge("partita_hook_running", "1: the hook runs now.");
  auto waiting = metric_family::gauge(
      "partita_hook_waiting", "Runs that have not begun, or wait to be tried again.");
  const std::pair<const char*, const core::hook_counts&> all[] = {
      {"assigned", x.assigned},
      {"revoked", x.revoked},
      {"lost", x.lost},
      {"state", x.state}};
  for (const auto& [name, counts] : all) {
    runs.add({{"hook", name}}, counts.runs);
    failures.add({{"hook", name}}, counts.failures);
    timeouts.add({{"hook", name}}, counts.timeouts);
    running.add({{"hook", name}}, counts.running ? 1.0 : 0.0);
    waiting.add({{"hook", name}}, static_cast<double>(counts.waiting));
  }
  for (auto* family : {&runs, &failures, &timeouts, &running, &waiting})
    to.push_back(std::move(*family));
}

} // namespace partita::app
