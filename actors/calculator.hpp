// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/actors/options.hpp"
#include "partita/actors/shell.hpp"
#include "partita/core/leader/bucket_ages.hpp"
#include "partita/core/leader/coordinator.hpp"
#include "partita/core/leader/epoch_survey.hpp"
#include "partita/core/leader/epoch_takeover.hpp"
#include "partita/core/leader/handoff_timing.hpp"
#include "partita/core/leader/part_table.hpp"
#include "partita/core/leader/plans/plan_log.hpp"

#include <caf/typed_event_based_actor.hpp>

namespace partita {

struct calculator_options {
  partita::worker_id leader;
  /// Names this leadership.
  nonce self;
  std::chrono::milliseconds heartbeat_ttl{6000};
  /// The longest heartbeat.ttl that any incarnation was seen to state.
  std::chrono::milliseconds longest_ttl{0};
  partita::ownership ownership = ownership::exclusive;
  std::chrono::milliseconds pause{100};
  rebalance_options rebalance;
  /// After a store outage no worker counts as lost for this long.
  std::chrono::milliseconds grace{5000};
  /// As in core::epoch_takeover::options.
  core::epoch_takeover::start usual_start;
  core::epoch_takeover::start start_on_known_server;
  core::strategy strategy;
  /// For the history.
  std::string strategy_name;
  /// The bucket of the operators' directives and of the history of plans.
  std::string control_bucket;
  std::uint32_t replicas = 1;
  std::uint64_t run = 0;
  worker_clock clock;
};

/// The calculator's access to the control bucket.
struct control_link {
  /// Empty until the bucket was opened.
  bucket_actor bucket;
  std::uint64_t watch = 0;
  /// When to open it again, and when to plan without it.
  std::optional<core::time_point> open_again_at;
  std::optional<core::time_point> give_up_at;
  /// The reason to plan without directives; empty: there is none.
  std::string trouble;
  std::optional<core::plan_log> log;
};

struct calculator_state {
  calculator_options options;
  std::optional<core::epoch_takeover> epoch_takeover;
  /// While the key `epoch` is missing.
  std::optional<core::epoch_survey> survey;
  /// Set once the epoch is ours.
  std::optional<core::coordinator> coordinator;
  std::optional<core::bucket_ages> ages;
  std::optional<core::part_table> parts;
  /// The longest value that the bucket of the records takes.
  std::size_t most_value = 0;
  core::handoff_timing timing;
  partita::epoch epoch;
  bucket_actor assignments;
  bucket_actor heartbeats;
  store_actor store;
  control_link control;
  roster_actor roster;
  partition_source_actor source;
  supervisor_actor parent;
  partita::alarm alarm;
  trouble_reports troubles;
  invalid_entries invalid;
  /// What was last reported of the source.
  std::optional<std::string> source_trouble;
  static inline constexpr const char* name = "partita.calculator";
};

/// Leads the group from its spawn until it is killed: takes over with the key `epoch`
/// (core::epoch_takeover), follows members, partitions and the operators' directives,
/// publishes what each worker owns (core::coordinator), and writes the history of plans.
calculator_actor::behavior_type
calculator(calculator_actor::stateful_pointer<calculator_state> self,
           calculator_options options, bucket_actor assignments, bucket_actor heartbeats,
           store_actor store, roster_actor roster, partition_source_actor source,
           supervisor_actor parent);

} // namespace partita
