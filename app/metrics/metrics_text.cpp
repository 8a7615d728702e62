// SPDX-License-Identifier: Apache-2.0
#include "partita/app/metrics/metrics.hpp"
#include "partita/messages/codec.hpp"

#include <prometheus/text_serializer.h>

#include <chrono>
#include <limits>
#include <sstream>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace partita::app {

namespace {

using prometheus::MetricType;
using labels = std::vector<prometheus::ClientMetric::Label>;

/// Collects metrics: one is begun by its name, then gets a value for each set of labels. A
/// counter's name ends in `_total`.
class metrics_writer {
public:
  metrics_writer& gauge(const char* name, const char* help) {
    return begin({name, help, MetricType::Gauge, {}});
  }
  metrics_writer& counter(const char* name, const char* help) {
    return begin({name, help, MetricType::Counter, {}});
  }
  metrics_writer& histogram(const char* name, const char* help) {
    return begin({name, help, MetricType::Histogram, {}});
  }

  // Counts and versions stay below 2^53 (max_exact_number): a double has them exactly.
  template <class Number>
  requires std::is_arithmetic_v<Number> metrics_writer& add(labels under, Number x) {
    auto& metric = next(std::move(under));
    if (families_.back().type == MetricType::Counter)
      metric.counter.value = static_cast<double>(x);
    else
      metric.gauge.value = static_cast<double>(x);
    return *this;
  }

  metrics_writer& add(labels under, std::chrono::duration<double> x) {
    return add(std::move(under), x.count());
  }

  metrics_writer& add(labels under, const partita::histogram& x) {
    auto& out = next(std::move(under)).histogram;
    for (std::size_t i = 0; i < x.counts.size(); ++i) {
      out.sample_count += x.counts[i];
      out.bucket.push_back(
          {out.sample_count,
           i < x.bounds.size() ? x.bounds[i] : std::numeric_limits<double>::infinity()});
    }
    out.sample_sum = x.sum;
    return *this;
  }

  std::string text() const {
    std::ostringstream out;
    prometheus::TextSerializer{}.Serialize(out, families_);
    return out.str();
  }

private:
  metrics_writer& begin(prometheus::MetricFamily x) {
    families_.push_back(std::move(x));
    return *this;
  }

  prometheus::ClientMetric& next(labels under) {
    auto& result = families_.back().metric.emplace_back();
    result.label = std::move(under);
    return result;
  }

  std::vector<prometheus::MetricFamily> families_;
};

labels with(labels all, const char* name, std::string_view value) {
  all.push_back({name, std::string{value}});
  return all;
}

void add_process(metrics_writer& to, const process_stats& x) {
  to.gauge("partita_build_info", "Always 1; which version runs.")
      .add({{"version", PARTITA_VERSION}}, 1);
  to.gauge("partita_metrics_missing", "1: this part of the process did not answer in "
                                      "time, and its metrics are missing.")
      .add({{"part", "worker"}}, !x.worker)
      .add({{"part", "store"}}, !x.store)
      .add({{"part", "hooks"}}, !x.hooks && x.has_hooks)
      .add({{"part", "consumers"}}, !x.lag && x.has_consumers);
}

// -- the worker -------------------------------------------------------------------------

void add_worker(metrics_writer& to, const worker_stats& x, const labels& group,
                const labels& worker) {
  const auto& status = x.status;
  to.gauge("partita_leader", "1: this worker leads its group.")
      .add(worker, status.leading);
  to.gauge("partita_epoch", "The greatest epoch that this worker has seen.")
      .add(group, x.epoch.value);
  to.gauge("partita_version_applied", "The version of the record that was applied last.")
      .add(group, status.applied.version.value);
  to.gauge("partita_partitions_owned",
           "How many partitions its record grants this worker.")
      .add(worker, status.partitions.size());
  to.gauge("partita_session_remaining_seconds",
           "How long this worker may work on without another answer of the store; 0: it "
           "has no session.")
      .add(worker, x.session_left);
  to.gauge("partita_lease_remaining_seconds",
           "How long this worker leads without another answer of the store; 0: it does "
           "not lead.")
      .add(worker, x.lease_left);
  to.counter("partita_invalid_entries_total", "Entries of the store that cannot be read.")
      .add(group, status.invalid_entries);
  to.counter("partita_actor_restarts_total",
             "Parts of this worker that crashed and were started again.")
      .add(group, status.restarts);
  to.gauge("partita_worker_state", "1: this worker is in this state.");
  for (std::size_t i = 0; i < count_of<worker_state>; ++i) {
    auto state = static_cast<worker_state>(i);
    to.add(with(worker, "state", to_string(state)), state == status.state);
  }
  to.counter("partita_worker_state_changes_total", "Changes of this worker's state.")
      .add(group, status.state_changes);
  to.gauge("partita_degraded", "1: the heartbeats of this worker are not acknowledged.")
      .add(worker, status.state == worker_state::degraded);
}

void add_alerts(metrics_writer& to, const worker_stats& x, const labels& group,
                const labels& worker) {
  to.gauge("partita_alert_active", "1: this alert was raised and is not over.");
  for (const auto& [what, level] : x.alerts)
    to.add(with(with(worker, "alert", what), "level", to_string(level)), 1);
  to.counter("partita_alerts_raised_total",
             "Alerts; one that grows counts at each level.");
  for (std::size_t i = 0; i < x.alerts_raised.size(); ++i)
    to.add(with(group, "level", to_string(static_cast<alert_level>(i))),
           x.alerts_raised[i]);
}

/// By reason: plans have one, and a record without a plan has none.
template <class Values>
void add_by_reason(metrics_writer& to, const labels& group, const Values& xs) {
  for (auto i = static_cast<std::size_t>(lifecycle::cold_start); i < xs.size(); ++i)
    to.add(with(group, "reason", to_string(static_cast<lifecycle>(i))), xs[i]);
}

void add_group(metrics_writer& to, const worker_stats& x, const labels& group) {
  const auto& led = x.led;
  if (x.status.leading) {
    to.gauge("partita_version_published", "The greatest version of all records.")
        .add(group, led.published.value);
    to.gauge("partita_partitions", "How many partitions the group works on.")
        .add(group, led.partitions);
    to.gauge("partita_partitions_unowned",
             "How many of them no record grants to a worker that has not ended.")
        .add(group, led.unowned);
  }
  add_by_reason(to.counter("partita_partition_moves_total",
                           "Partitions granted to another worker than before, or for the "
                           "first time."),
                group, led.moves);
  add_by_reason(to.histogram("partita_rebalance_seconds",
                             "From a plan until all records match it."),
                group, led.rebalance);
  to.counter("partita_record_conflicts_total",
             "Record writes that found another revision than expected.")
      .add(group, led.conflicts);
  to.counter("partita_record_unknown_outcomes_total",
             "Writes of records that were not answered in time.")
      .add(group, led.unknown);
  to.histogram("partita_partition_unowned_seconds",
               "How long partitions that have an owner again were without one.")
      .add(group, led.unowned_for);
  to.histogram("partita_handoff_seconds",
               "How long hand-offs took: confirm, from the record that takes a partition "
               "away until its owner has confirmed; grant, from there until the next one "
               "has it.")
      .add(with(group, "phase", "confirm"), led.confirm)
      .add(with(group, "phase", "grant"), led.grant);
}

void add_worker_and_group(metrics_writer& to, const worker_stats& x) {
  const labels group{{"group", x.group}};
  auto worker = with(group, "worker_id", x.status.worker_id.value);
  add_worker(to, x, group, worker);
  add_alerts(to, x, group, worker);
  add_group(to, x, group);
  to.gauge("partita_turn_longest_seconds",
           "The longest turn of the session thread so far.")
      .add(group, x.turns.longest);
  to.histogram("partita_turn_seconds",
               "How long the session thread ran one actor at a time.")
      .add(group, x.turns.taken);
}

// -- the store and hooks ----------------------------------------------------------------

/// Reads and opening compare nothing, so they meet no conflict.
bool can_be(store_operation what, store_outcome how) {
  return how != store_outcome::conflict || what == store_operation::create
         || what == store_operation::update || what == store_operation::remove;
}

void add_store(metrics_writer& to, const store_stats& x) {
  to.gauge("partita_store_connected", "1: there is a connection to the store.")
      .add({}, x.connected);
  to.counter("partita_store_reconnects_total",
             "How often a lost connection to the store was made again.")
      .add({}, x.reconnects);
  to.counter("partita_store_watch_rebuilds_total",
             "How often a watch was rebuilt, tries included.")
      .add({}, x.watch_rebuilds);
  to.counter("partita_store_requests_total", "Requests to the store, by outcome.");
  for (std::size_t i = 0; i < x.operations.size(); ++i)
    for (std::size_t k = 0; k < x.operations[i].outcomes.size(); ++k) {
      auto what = static_cast<store_operation>(i);
      if (auto how = static_cast<store_outcome>(k); can_be(what, how))
        to.add({{"operation", to_string(what)}, {"outcome", to_string(how)}},
               x.operations[i].outcomes[k]);
    }
  to.histogram("partita_store_request_seconds",
               "How long the store took to answer, or how long the worker waited; not of "
               "requests without a connection.");
  for (std::size_t i = 0; i < x.operations.size(); ++i)
    to.add({{"operation", to_string(static_cast<store_operation>(i))}},
           x.operations[i].latency);
}

void add_hooks(metrics_writer& to, const hook_stats& x) {
  auto add = [&x](metrics_writer& out, auto member) {
    for (std::size_t i = 0; i < x.of.size(); ++i)
      out.add({{"hook", to_string(static_cast<core::hook_kind>(i))}}, x.of[i].*member);
  };
  using counts = core::hook_counts;
  add(to.counter("partita_hook_runs_total", "Commands that were started."),
      &counts::runs);
  add(to.counter("partita_hook_failures_total",
                 "Commands that did not end with exit code 0."),
      &counts::failures);
  add(to.counter("partita_hook_timeouts_total",
                 "Commands that were ended because they took too long."),
      &counts::timeouts);
  add(to.gauge("partita_hook_waiting",
               "Commands that are not begun, or wait to be tried again."),
      &counts::waiting);
  add(to.gauge("partita_hook_running", "1: a command runs."), &counts::running);
}

void add_lag(metrics_writer& to, const consumers_lag& x) {
  const labels group{{"group", x.group}};
  to.gauge("partita_consumers_pending",
           "Messages of all owned partitions that no consumer has delivered yet.")
      .add(group, x.pending);
  to.gauge("partita_consumer_pending",
           "Messages of a partition that its consumer has not delivered yet.");
  for (const auto& y : x.partitions)
    to.add(with(group, "partition", y.partition), y.pending);
  to.gauge("partita_consumer_ack_floor",
           "Stream sequence up to which all of a partition is acknowledged.");
  for (const auto& y : x.partitions)
    to.add(with(group, "partition", y.partition), y.floor);
}

} // namespace

std::string metrics_text(const process_stats& x) {
  metrics_writer all;
  add_process(all, x);
  if (x.worker)
    add_worker_and_group(all, *x.worker);
  if (x.store)
    add_store(all, *x.store);
  if (x.hooks)
    add_hooks(all, *x.hooks);
  if (x.lag)
    add_lag(all, *x.lag);
  return all.text();
}

} // namespace partita::app
