// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/app/process/hooks.hpp"
#include "partita/messages/stats.hpp"

#include <prometheus/metric_family.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

/// INTERNAL to /metrics: the only code that uses prometheus-cpp.
namespace partita::app {

using metric_labels = std::vector<std::pair<std::string, std::string>>;

/// One metric under all of its labels. A counter's name ends in `_total`.
class metric_family {
public:
  static metric_family gauge(std::string name, std::string help);
  static metric_family counter(std::string name, std::string help);
  static metric_family histogram(std::string name, std::string help);

  metric_family& add(metric_labels labels, double x) &;
  metric_family& add(metric_labels labels, std::uint64_t x) &;
  metric_family& add(metric_labels labels, const partita::histogram& x) &;
  metric_family&& add(metric_labels labels, double x) &&;
  metric_family&& add(metric_labels labels, std::uint64_t x) &&;
  metric_family&& add(metric_labels labels, const partita::histogram& x) &&;

  const prometheus::MetricFamily& get() const { return family_; }

private:
  metric_family(std::string name, std::string help, prometheus::MetricType type);
  prometheus::ClientMetric& next(metric_labels labels);

  prometheus::MetricFamily family_;
};

using metric_families = std::vector<metric_family>;

/// What a worker, a store and hooks show.
void add_worker_families(metric_families& to, const worker_stats& x);
void add_store_families(metric_families& to, const store_stats& x);
void add_hook_families(metric_families& to, const hook_stats& x);

} // namespace partita::app
