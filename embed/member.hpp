// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/messages/options.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace partita {
class deadline_observer;
}

/// partita for programs that do not use CAF: a connection, and members of groups on it.
///
/// Threads. The functions of one member's options are called on a thread of its own, one at a
/// time, in the order of events: one that blocks delays only its member's orders and list, never
/// a session. Only `assign` is called on that of a leader's calculator, and what
/// deadline_action::call is given on one more. All functions of this header may be called from
/// any thread, except as stated.
///
/// Exceptions. One that leaves a callback ends the member as leave(leave_mode::stop) does, and
/// `ended` receives its text. It confirms nothing: an order that is not confirmed yet still
/// waits for `stopped`. What an exception of `partitions` or `assign` does is stated there.
namespace partita::embed {

using partita::leave_mode;

/// The unit of ownership.
struct partition {
  /// Its identity. Joined by '.' they are its name, which is unique in the list.
  std::vector<std::string> keys = {};
  /// How much work it is compared with others; no unit.
  std::int64_t weight = 100;
};

/// A partition that this member may work on.
struct grant {
  std::string name = {};
  std::vector<std::string> keys = {};
  /// The fencing token. Pass it along to where the work takes effect, and refuse a smaller
  /// one than was seen there.
  std::uint64_t token = 0;
  /// For people: why it was given or is taken away.
  std::string reason = {};
};

/// Work on these from now on. Sent again, with a greater token, for partitions that are worked
/// on already: from then on the new token counts.
struct work_assigned {
  std::string group;
  std::string worker_id;
  std::vector<grant> partitions;
};

/// Stop working on these. Copies are the same order.
struct stop_order {
  std::string group;
  std::string worker_id;
  std::vector<grant> partitions;
  /// By then all work must have stopped, on the clock CLOCK_BOOTTIME.
  std::chrono::steady_clock::time_point deadline;
  /// For people, in `lost`: why.
  std::string why;
  /// To be called once no work on these goes on: in the callback or later, on any thread, also
  /// more than once. Others get the partitions only then. An order whose copies are all gone
  /// is not confirmed by that.
  std::function<void()> stopped;

  /// Until the deadline; 0 if it has passed.
  std::chrono::milliseconds time_left() const;
};

/// The state of a member, as docs/architecture.md names them: "stable", "degraded".
struct state_change {
  std::string group;
  std::string worker_id;
  std::string from;
  std::string to;
  std::string reason;
};

/// A problem for an operator, and once more with `over` when it has passed.
struct alert {
  std::string group;
  std::string worker_id;
  /// "info", "warn", "error", "critical".
  std::string level;
  /// The kind: "store_away", "work_not_stopped".
  std::string what;
  /// What was found and what to do.
  std::string why;
  bool over = false;
};

/// What happens when a session ends and its work has not stopped because the threads of this
/// process are held up. Each member states it.
class deadline_action {
public:
  /// The process ends: right where all work ends with it.
  static deadline_action end_process();

  /// Calls `missed`, which must stop the work by itself, on a thread of its own. That may be after
  /// the member has left without a confirmation of its last orders, so what it uses must outlive
  /// member and options; an exception ends the process. Throws std::invalid_argument if it is empty.
  static deadline_action call(std::function<void()> missed);

  /// Nothing. Two workers may work on a partition if the machine gives this process no time.
  static deadline_action none();

private:
  friend class member;
  explicit deadline_action(std::shared_ptr<deadline_observer> x);

  std::shared_ptr<deadline_observer> observer_;
};

/// What a leader plans with.
struct planning {
  struct worker {
    std::string id;
    std::int64_t capacity = 100;
    std::string zone;
  };
  std::vector<worker> workers;
  std::vector<partition> partitions;
  /// By partition: the index of the worker that has it now. Empty: there was no plan before.
  std::vector<std::optional<std::size_t>> previous;
};

/// How a member takes part. Names, ranges and relations are those of docs/configuration.md; the
/// whole group has the same times, strategy and partitions.
struct options {
  /// Required.
  std::string group;
  /// Required; options cannot be made without it.
  deadline_action on_deadline;

  /// Required: the whole list. Called when this member begins to lead, then each
  /// `partitions_every` and after refresh_partitions. If it throws, or returns no partition,
  /// the last list stays in force, and an alert says why.
  std::function<std::vector<partition>()> partitions = {};
  /// 0: only after refresh_partitions.
  std::chrono::milliseconds partitions_every = 10s;

  /// Required.
  std::function<void(const work_assigned&)> assigned = {};
  /// Required: others wait for these partitions.
  std::function<void(const stop_order&)> revoke = {};
  /// The session is over: after the deadline others may own these in any case. Empty: `revoke`
  /// is called.
  std::function<void(const stop_order&)> lost = {};
  std::function<void(const state_change&)> state = {};
  std::function<void(const alert&)> alerted = {};
  /// The last call. `failure` is empty after a graceful stop; else it says why the member
  /// ended, and what to do.
  std::function<void(const std::string& failure)> ended = {};

  /// False: it goes on while its heartbeats are not acknowledged, and others may, too.
  bool exclusive = true;
  worker_settings worker = {};
  heartbeat_options heartbeat = {};
  election_options election = {};
  rebalance_options rebalance = {};
  degraded_options degraded = {};
  std::chrono::milliseconds startup_timeout = 30s;
  std::chrono::milliseconds shutdown_timeout = 30s;
  /// Names that are empty come from the group's.
  bucket_options buckets = {};

  /// One of those in docs/configuration.md.
  std::string strategy = "sticky";
  /// A strategy of the host instead: by partition the index of its worker. Pure, quick, and
  /// the same in the whole group. If it throws, or an index is wrong, `strategy` plans, and the
  /// log says so.
  std::function<std::vector<std::size_t>(const planning&)> assign = {};
};

/// Options that cannot be used; what() has a line for each mistake.
class bad_options : public std::invalid_argument {
public:
  explicit bad_options(std::vector<std::string> mistakes);

  const std::vector<std::string>& mistakes() const { return mistakes_; }

private:
  std::vector<std::string> mistakes_;
};

/// A connection to NATS, and the threads that its members share. Copies are the same
/// connection; it is closed with the last of them and the last member.
class connection {
public:
  /// Connects in the background. Throws bad_options.
  explicit connection(nats_options nats = {});

  /// A store in this process without a server, for tests.
  static connection in_memory();

private:
  friend class member;
  struct parts;
  explicit connection(std::shared_ptr<parts> x);

  std::shared_ptr<parts> parts_;
};

/// One member of one group. A process may have any number, of several groups.
class member {
public:
  /// Begins to take part. Throws bad_options with all mistakes.
  member(const connection& via, options how);
  member(const member&) = delete;
  member& operator=(const member&) = delete;
  /// Leaves as leave() does. Not in a function of the options: the process ends there.
  ~member();

  /// Leaves the group and waits: for the last call of a function of the options. Returns what
  /// `ended` received. A second call may state a quicker mode. Not in a function of this
  /// member's options, as it would wait for itself: throws std::logic_error there.
  std::string leave(leave_mode how = leave_mode::configured);

  /// The same without waiting, also in callbacks.
  void begin_to_leave(leave_mode how = leave_mode::configured);

  /// The list of partitions may have changed: it is read again soon if this member leads.
  void refresh_partitions();

private:
  struct parts;

  std::unique_ptr<parts> parts_;
};

} // namespace partita::embed
