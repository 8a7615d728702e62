// SPDX-License-Identifier: Apache-2.0
#include "partita/app/metrics/metric_family.hpp"

#include <initializer_list>

namespace partita::app {

namespace {

/// Reads and opening compare nothing, so they meet no conflict.
bool can_be(store_operation what, store_outcome how) {
  return how != store_outcome::conflict || what == store_operation::create
         || what == store_operation::update || what == store_operation::remove;
}

void add_requests(metric_families& to, const store_stats& x) {
  auto requests = metric_family::counter("partita_store_requests_total",
                                         "Requests to the store, by outcome.");
  auto latency = metric_family::histogram(
      "partita_store_request_seconds",
      "How long the store took to answer, or how long the worker waited; not of requests "
      "without a connection.");
  for (std::size_t i = 0; i < x.operations.size(); ++i) {
    auto what = static_cast<store_operation>(i);
    const auto& stats = x.operations[i];
    latency.add({{"operation", to_string(what)}}, stats.latency);
    for (std::size_t k = 0; k < stats.outcomes.size(); ++k)
      if (auto how = static_cast<store_outcome>(k); can_be(what, how))
        requests.add({{"operation", to_string(what)}, {"outcome", to_string(how)}},
                     stats.outcomes[k]);
  }
  to.push_back(std::move(requests));
  to.push_back(std::move(latency));
}

} // namespace

void add_store_families(metric_families& to, const store_stats& x) {
  to.push_back(metric_family::gauge("partita_store_connected",
                                    "1: there is a connection to the store.")
                   .add({}, x.connected ? 1.0 : 0.0));
  to.push_back(
      metric_family::counter("partita_store_reconnects_total",
                             "How often a lost connection to the store was made again.")
          .add({}, x.reconnects));
  to.push_back(metric_family::counter("partita_store_watch_rebuilds_total",
                                      "How often a watch was rebuilt, tries included.")
                   .add({}, x.watch_rebuilds));
  add_requests(to, x);
}

} // namespace partita::app
