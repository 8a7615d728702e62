// SPDX-License-Identifier: Apache-2.0
#include "partita/app/metrics/metric_family.hpp"
#include "partita/messages/codec.hpp"

#include <chrono>

namespace partita::app {

namespace {

double seconds(std::chrono::duration<double> x) {
  return x.count();
}

std::string name_of_reason(std::size_t i) {
  return std::string{to_string(static_cast<lifecycle>(i))};
}

/// Plans have a reason; a record without a plan has none.
constexpr auto first_reason = static_cast<std::size_t>(lifecycle::cold_start);

/// The families of one worker, one by one.
class worker_families {
public:
  worker_families(metric_families& to, const worker_stats& x)
      : to_{to},
        x_{x},
        group_{{"group", x.group}},
        worker_{{"group", x.group}, {"worker_id", x.status.worker_id.value}} {}

  void add_all() {
    add_worker();
    add_state();
    add_alerts();
    if (x_.status.leading)
      add_group_now();
    add_moves();
    add_handoffs();
    add_turns();
  }

private:
  void gauge(const char* name, const char* help, const metric_labels& labels, double x) {
    to_.push_back(metric_family::gauge(name, help).add(labels, x));
  }
  void counter(const char* name, const char* help, std::uint64_t x) {
    to_.push_back(metric_family::counter(name, help).add(group_, x));
  }
  static metric_labels with(metric_labels labels, const char* name, std::string value) {
    labels.emplace_back(name, std::move(value));
    return labels;
  }

  void add_worker() {
    const auto& status = x_.status;
    gauge("partita_leader", "1: this worker leads its group.", worker_,
          status.leading ? 1 : 0);
    gauge("partita_epoch", "The greatest epoch that this worker has seen.", group_,
          static_cast<double>(x_.epoch.value));
    gauge("partita_version_applied", "The version of the record that was applied last.",
          group_, static_cast<double>(status.applied.version.value));
    gauge("partita_partitions_owned",
          "How many partitions its record grants this worker.", worker_,
          static_cast<double>(status.partitions.size()));
    gauge("partita_session_remaining_seconds",
          "How long this worker may work on without another answer of the store; 0: it "
          "has no session.",
          worker_, seconds(x_.session_left));
    gauge("partita_lease_remaining_seconds",
          "How long this worker leads without another answer of the store; 0: it does "
          "not lead.",
          worker_, seconds(x_.lease_left));
    counter("partita_invalid_entries_total", "Entries of the store that cannot be read.",
            status.invalid_entries);
    counter("partita_actor_restarts_total",
            "Parts of this worker that crashed and were started again.", status.restarts);
  }

  void add_state() {
    auto family =
        metric_family::gauge("partita_worker_state", "1: this worker is in this state.");
    for (std::size_t i = 0; i < count_of<worker_state>; ++i) {
      auto state = static_cast<worker_state>(i);
      family.add(with(worker_, "state", to_string(state)),
                 state == x_.status.state ? 1.0 : 0.0);
    }
    to_.push_back(std::move(family));
    counter("partita_worker_state_changes_total", "Changes of this worker's state.",
            x_.status.state_changes);
    gauge("partita_degraded", "1: the heartbeats of this worker are not acknowledged.",
          worker_, x_.status.state == worker_state::degraded ? 1 : 0);
  }

  void add_alerts() {
    auto active = metric_family::gauge("partita_alert_active",
                                       "1: this alert was raised and is not over.");
    for (const auto& [what, level] : x_.alerts)
      active.add(with(with(worker_, "alert", what), "level", to_string(level)), 1.0);
    to_.push_back(std::move(active));
    auto raised = metric_family::counter("partita_alerts_raised_total",
                                         "Alerts; one that grows counts at each level.");
    for (std::size_t i = 0; i < x_.alerts_raised.size(); ++i)
      raised.add(with(group_, "level", to_string(static_cast<alert_level>(i))),
                 x_.alerts_raised[i]);
    to_.push_back(std::move(raised));
  }

  void add_group_now() {
    const auto& led = x_.led;
    gauge("partita_version_published", "The greatest version of all records.", group_,
          static_cast<double>(led.published.value));
    gauge("partita_partitions", "How many partitions the group works on.", group_,
          static_cast<double>(led.partitions));
    gauge("partita_partitions_unowned",
          "How many of them no record grants to a worker that has not ended.", group_,
          static_cast<double>(led.unowned));
  }

  void add_moves() {
    const auto& led = x_.led;
    auto moves = metric_family::counter(
        "partita_partition_moves_total",
        "Partitions granted to another worker than before, or for the first time.");
    auto rebalance = metric_family::histogram("partita_rebalance_seconds",
                                              "From a plan until all records match it.");
    for (auto i = first_reason; i < led.moves.size(); ++i) {
      auto labels = with(group_, "reason", name_of_reason(i));
      moves.add(labels, led.moves[i]);
      rebalance.add(labels, led.rebalance[i]);
    }
    to_.push_back(std::move(moves));
    to_.push_back(std::move(rebalance));
    counter("partita_record_conflicts_total",
            "Record writes that found another revision than expected.", led.conflicts);
    counter("partita_record_unknown_outcomes_total",
            "Writes of records that were not answered in time.", led.unknown);
  }

  void add_handoffs() {
    const auto& led = x_.led;
    to_.push_back(metric_family::histogram(
                      "partita_partition_unowned_seconds",
                      "How long partitions that have an owner again were without one.")
                      .add(group_, led.unowned_for));
    auto family = metric_family::histogram(
        "partita_handoff_seconds",
        "How long hand-offs took: confirm, from the record that takes a partition away "
        "until its owner has confirmed; grant, from there until the next one has it.");
    family.add(with(group_, "phase", "confirm"), led.confirm);
    family.add(with(group_, "phase", "grant"), led.grant);
    to_.push_back(std::move(family));
  }

  void add_turns() {
    gauge("partita_turn_longest_seconds",
          "The longest turn of the session thread so far.", group_,
          seconds(x_.turns.longest));
    to_.push_back(
        metric_family::histogram("partita_turn_seconds",
                                 "How long the session thread ran one actor at a time.")
            .add(group_, x_.turns.taken));
  }

  metric_families& to_;
  const worker_stats& x_;
  metric_labels group_;
  metric_labels worker_;
};

} // namespace

void add_worker_families(metric_families& to, const worker_stats& x) {
  worker_families{to, x}.add_all();
}

} // namespace partita::app
