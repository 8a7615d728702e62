// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/messages/enumeration.hpp"
#include "partita/messages/events.hpp"
#include "partita/messages/message.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

/// What a worker process counts and measures, for monitoring. Counters begin at 0
/// with the process and never fall.
namespace partita {

/// How often values fell into ranges.
struct histogram {
  /// Upper bounds of the ranges, in seconds, each included, ascending.
  std::vector<double> bounds;
  /// One for each bound, and one for what is above all of them.
  std::vector<std::uint64_t> counts;
  /// Of all values, in seconds.
  double sum = 0;

  histogram() = default;
  explicit histogram(std::vector<double> upper_bounds);

  void add(std::chrono::duration<double> x);
  /// `x` has the same bounds.
  void add(const histogram& x);
  /// How many values there were.
  std::uint64_t count() const;
  PARTITA_MESSAGE(histogram, x.bounds, x.counts, x.sum)
};

// -- the store --------------------------------------------------------------------------

enum class store_operation : std::uint8_t {
  last,
  put,
  create,
  update,
  remove,
  open,
  count
};

/// What became of a request. A key or bucket that is not there is a good answer: `done`.
enum class store_outcome : std::uint8_t {
  done,
  conflict,
  unknown,
  not_connected,
  refused,
  count
};

const char* to_string(store_operation x);
const char* to_string(store_outcome x);

/// The ranges for answers of a store: 0.5 ms to 1 s.
std::vector<double> latency_bounds();
/// The ranges for what a group does: 5 ms to 2 min.
std::vector<double> handoff_bounds();

struct operation_stats {
  /// From the request to its answer. Not of those that were not sent without a
  /// connection: they are answered at once.
  histogram latency{latency_bounds()};
  /// By store_outcome.
  std::vector<std::uint64_t> outcomes =
      std::vector<std::uint64_t>(count_of<store_outcome>);
  PARTITA_MESSAGE(operation_stats, x.latency, x.outcomes)
};

/// Asks a store what it has done so far.
PARTITA_SIGNAL(get_store_stats);

/// Of one connection, over all its buckets.
struct store_stats {
  /// By store_operation.
  std::vector<operation_stats> operations =
      std::vector<operation_stats>(count_of<store_operation>);
  /// How often a watch was made again, tries included.
  std::uint64_t watch_rebuilds = 0;
  /// How often there was a connection again after one was lost.
  std::uint64_t reconnects = 0;
  bool connected = false;

  /// Counts what `x` counts as well; `connected` stays.
  void add(const store_stats& x);
  PARTITA_MESSAGE(store_stats, x.operations, x.watch_rebuilds, x.reconnects, x.connected)
};

// -- the group, as its leader sees it ---------------------------------------------------

/// What happened to the group while this worker led it.
struct group_stats {
  // How it is now:
  /// The greatest version that any record has.
  version published;
  /// How many partitions the source names.
  std::uint64_t partitions = 0;
  /// How many of these no record grants to a worker that has not ended.
  std::uint64_t unowned = 0;

  // What has happened; vectors by lifecycle, the reason of the record or plan:
  /// Grants to another worker than before, or for the first time.
  std::vector<std::uint64_t> moves = std::vector<std::uint64_t>(count_of<lifecycle>);
  /// How long partitions that have an owner again were without one.
  histogram unowned_for{handoff_bounds()};
  /// From the record that takes a partition away until its owner has confirmed.
  histogram confirm{handoff_bounds()};
  /// From there until another record grants it.
  histogram grant{handoff_bounds()};
  /// From a plan until all records say what it wants.
  std::vector<histogram> rebalance =
      std::vector<histogram>(count_of<lifecycle>, histogram{handoff_bounds()});
  /// Writes of records that met another revision than expected, and those without answer.
  std::uint64_t conflicts = 0;
  std::uint64_t unknown = 0;

  /// `x` is newer: how it is now counts, what has happened is added.
  void add(const group_stats& x);
  PARTITA_MESSAGE(group_stats, x.published, x.partitions, x.unowned, x.moves,
                  x.unowned_for, x.confirm, x.grant, x.rebalance, x.conflicts, x.unknown)
};

/// From the calculator to its supervisor: what has happened since its last report. Sent
/// only when something has.
struct measured {
  std::uint64_t run = 0;
  group_stats news;
  PARTITA_MESSAGE(measured, x.run, x.news)
};

// -- the scheduler ----------------------------------------------------------------------

/// How long the turns of a thread took; in a turn one actor handles some messages.
struct turn_stats {
  histogram taken{latency_bounds()};
  std::chrono::nanoseconds longest{0};

  void add(std::chrono::nanoseconds x);
  PARTITA_MESSAGE(turn_stats, x.taken, x.longest)
};

// -- one worker -------------------------------------------------------------------------

/// Asks an elector how long its lease still holds.
PARTITA_SIGNAL(get_lease);

/// 0: it does not lead.
struct lease_left {
  std::chrono::milliseconds left{0};
  PARTITA_MESSAGE(lease_left, x.left)
};

/// Asks a supervisor for all that is counted and measured of its worker.
PARTITA_SIGNAL(get_stats);

struct worker_stats {
  std::string group;
  worker_status status;
  /// The greatest epoch that this worker has met.
  partita::epoch epoch;
  /// How long it may work, and lead, without another answer of the store. 0: it may not.
  std::chrono::milliseconds session_left{0};
  std::chrono::milliseconds lease_left{0};
  /// What lasts now, by its kind ("store_away").
  std::map<std::string, alert_level> alerts;
  /// By alert_level: how often an alert was raised; one that grows counts again.
  std::vector<std::uint64_t> alerts_raised =
      std::vector<std::uint64_t>(count_of<alert_level>);
  /// Of all times at which this worker led. How the group is now: only while it leads.
  group_stats led;
  /// Of the thread that the supervisor runs on, with all other actors there.
  turn_stats turns;
  PARTITA_MESSAGE(worker_stats, x.group, x.status, x.epoch, x.session_left, x.lease_left,
                  x.alerts, x.alerts_raised, x.led, x.turns)
};

} // namespace partita
