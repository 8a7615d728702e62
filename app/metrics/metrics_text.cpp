// SPDX-License-Identifier: Apache-2.0
#include "partita/app/metrics/metrics_text.hpp"

#include "partita/app/metrics/metric_family.hpp"

#include <prometheus/text_serializer.h>

#include <sstream>

namespace partita::app {

namespace {

void add_process_families(metric_families& to, const process_stats& x) {
  to.push_back(metric_family::gauge("partita_build_info", "Always 1; which version runs.")
                   .add({{"version", PARTITA_VERSION}}, 1.0));
  auto missing = metric_family::gauge(
      "partita_metrics_missing",
      "1: this part of the process did not answer in time, and its metrics are missing.");
  missing.add({{"part", "worker"}}, x.worker ? 0.0 : 1.0);
  missing.add({{"part", "store"}}, x.store ? 0.0 : 1.0);
  missing.add({{"part", "hooks"}}, x.hooks || !x.has_hooks ? 0.0 : 1.0);
  to.push_back(std::move(missing));
}

} // namespace

std::string metrics_text(const process_stats& x) {
  metric_families families;
  add_process_families(families, x);
  if (x.worker)
    add_worker_families(families, *x.worker);
  if (x.store)
    add_store_families(families, *x.store);
  if (x.hooks)
    add_hook_families(families, *x.hooks);
  std::vector<prometheus::MetricFamily> all;
  all.reserve(families.size());
  for (const auto& y : families)
    all.push_back(y.get());
  std::ostringstream out;
  prometheus::TextSerializer{}.Serialize(out, all);
  return out.str();
}

} // namespace partita::app
