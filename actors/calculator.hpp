// SPDX-License-Identifier: Apache-2.0
#pragma once

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
  /// Its epoch is set once that is ours.
  core::coordinator::options coordinator;
  core::epoch_takeover::options takeover;
  /// For the history.
  std::string strategy_name;
  /// The bucket of the operators' directives and of the history of plans.
  std::string control_bucket;
  std::uint32_t replicas = 1;
  std::uint64_t run = 0;
  worker_clock clock;

  const worker_id& leader() const { return takeover.leader; }
  worker_log log() const { return {"leader", leader().value}; }
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

/// INTERNAL to the calculator: what it reads and writes in the store beside its epoch.
namespace partita::calculation {

using self_pointer = calculator_actor::stateful_pointer<calculator_state>;

/// Steps the coordinator and carries out what it commands (calculator.cpp).
void feed(self_pointer self, const core::coordinator::event& what);
/// Sets the alarm for what is due next (calculator.cpp).
void set_alarm(self_pointer self);

// -- the control bucket: directives go to the coordinator, plans into the history. A bucket
// that cannot be used is reported and opened again, and does not keep the leader from
// planning -------------------------------------------------------------------------------

/// Opens the bucket and watches it under this number.
void open_control(self_pointer self, std::uint64_t watch);
void control_watched(self_pointer self, const watch_event& x);
void remove_directive(self_pointer self, const core::coordinator::remove_directive& x);
void write_history(self_pointer self, const core::coordinator::planned& x);
/// Does what is due.
void control_tick(self_pointer self, core::time_point now);
std::optional<core::time_point> control_wake_at(const calculator_state& s);

// -- the workers' records, whole or in parts -------------------------------------------

/// Writes one; the coordinator gets the answer.
void write_record(self_pointer self, const core::coordinator::write& x);
/// The newest value of a key, or its removal: false if it belongs to no record.
bool record_shown(self_pointer self, const kv_entry& entry, bool removed);

} // namespace partita::calculation
