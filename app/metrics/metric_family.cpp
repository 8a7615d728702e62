// SPDX-License-Identifier: Apache-2.0
#include "partita/app/metrics/metric_family.hpp"

#include <limits>

namespace partita::app {

metric_family::metric_family(std::string name, std::string help,
                             prometheus::MetricType type)
    : family_{std::move(name), std::move(help), type, {}} {}

metric_family metric_family::gauge(std::string name, std::string help) {
  return {std::move(name), std::move(help), prometheus::MetricType::Gauge};
}

metric_family metric_family::counter(std::string name, std::string help) {
  return {std::move(name), std::move(help), prometheus::MetricType::Counter};
}

metric_family metric_family::histogram(std::string name, std::string help) {
  return {std::move(name), std::move(help), prometheus::MetricType::Histogram};
}

prometheus::ClientMetric& metric_family::next(metric_labels labels) {
  auto& result = family_.metric.emplace_back();
  for (auto& [name, value] : labels)
    result.label.push_back({name, std::move(value)});
  return result;
}

metric_family& metric_family::add(metric_labels labels, double x) & {
  auto& metric = next(std::move(labels));
  if (family_.type == prometheus::MetricType::Counter)
    metric.counter.value = x;
  else
    metric.gauge.value = x;
  return *this;
}

// Counts and versions stay below 2^53 (max_exact_number): a double has them exactly.
metric_family& metric_family::add(metric_labels labels, std::uint64_t x) & {
  return add(std::move(labels), static_cast<double>(x));
}

metric_family& metric_family::add(metric_labels labels, const partita::histogram& x) & {
  auto& out = next(std::move(labels)).histogram;
  std::uint64_t below = 0;
  for (std::size_t i = 0; i < x.counts.size(); ++i) {
    below += x.counts[i];
    auto bound =
        i < x.bounds.size() ? x.bounds[i] : std::numeric_limits<double>::infinity();
    out.bucket.push_back({below, bound});
  }
  out.sample_count = below;
  out.sample_sum = x.sum;
  return *this;
}

metric_family&& metric_family::add(metric_labels labels, double x) && {
  return std::move(add(std::move(labels), x));
}

metric_family&& metric_family::add(metric_labels labels, std::uint64_t x) && {
  return std::move(add(std::move(labels), x));
}

metric_family&& metric_family::add(metric_labels labels, const partita::histogram& x) && {
  return std::move(add(std::move(labels), x));
}

} // namespace partita::app
