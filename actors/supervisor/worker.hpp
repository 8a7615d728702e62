// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/actors/supervisor/worker_context.hpp"
#include "partita/core/alerts/lasting_alert.hpp"
#include "partita/core/alerts/outage.hpp"
#include "partita/core/alerts/store_troubles.hpp"
#include "partita/core/worker/departure.hpp"
#include "partita/core/worker/duties.hpp"
#include "partita/core/worker/group_check.hpp"
#include "partita/core/worker/life.hpp"
#include "partita/core/worker/restarts.hpp"
#include "partita/core/worker/wanted_buckets.hpp"
#include "partita/messages/stats.hpp"

#include <caf/spawn_options.hpp>
#include <caf/typed_response_promise.hpp>

#include <array>
#include <map>
#include <string>
#include <vector>

namespace partita {

/// The alerts of a worker: logged, counted, and sent to its listeners.
class worker_alerts {
public:
  explicit worker_alerts(worker_context& context);

  void raise(alert_level level, const std::string& what, std::string why,
             core::duration age, bool over);

  // -- requests to the store ------------------------------------------------------------

  void hear(const store_trouble& x);
  void link_is(bool up) { troubles_.link_is(up, context_.now()); }
  /// Forgets the troubles of actors that have ended.
  template <class Predicate>
  void keep_if(Predicate run_is_present) {
    troubles_.keep_if(run_is_present);
    watch_store();
  }
  /// The troubles that last; empty: none.
  std::string lasting_trouble() const { return troubles_.text(context_.now()); }

  /// What is wrong with one thing; empty: nothing any more. `what`: `partitions_unknown`,
  /// `settings_differ` or `control_unknown`, all of a leader, or `store_trouble`.
  void found(const std::string& what, const std::string& why);
  /// Ends the alerts of a leader: the next one raises its own.
  void lost_leadership();

  void tick();
  std::optional<core::time_point> wake_at() const;

  void add_to(worker_stats& x) const;

private:
  void watch_store();
  void tell(const std::string& what, const std::optional<core::lasting_alert::alert>& x);

  worker_context& context_;
  core::store_troubles troubles_;
  /// By their names.
  std::map<std::string, core::lasting_alert> lasting_;
  std::map<std::string, alert_level> present_;
  std::array<std::uint64_t, count_of<alert_level>> raised_{};
};

/// The children of a worker: starts and kills them, and sends them messages.
class worker_children {
public:
  using role = core::role;

  explicit worker_children(worker_context& context)
      : context_{context}, runs_{context.random()} {}
  worker_children(const worker_children&) = delete;
  worker_children& operator=(const worker_children&) = delete;
  /// Kills all: no child outlives the supervisor, however that ends.
  ~worker_children() { kill_all(); }

  core::restarts::commands step(const core::restarts::event& what,
                                const core::restarts::situation& is) {
    return runs_.step(what, is, context_.now());
  }
  const core::restarts& runs() const { return runs_; }
  /// Whether a message comes from the present run of that child.
  template <class T>
  bool is_from(role x, const T& message) const {
    return runs_.current(x, message.run);
  }

  void start(role x);
  /// Ends a child at once; its messages are ignored from now on.
  void kill(role x);
  void kill_all();
  /// Ends one that core::restarts counts as killed already.
  void end(role x);
  /// The child ends by itself; its messages are ignored from now on.
  void forget(role x) { runs_.killed(x); }
  /// Which child has ended, if `who` is one; its address is cleared.
  std::optional<role> ended(const caf::actor_addr& who);

  // -- messages to them -----------------------------------------------------------------

  /// To a child, if it runs.
  template <class Handle, class T>
  void tell(role who, const Handle& to, T what) {
    if (runs_.is_alive(who))
      mail(context_.self, std::move(what)).send(to);
  }
  /// To the elector: the rank of this worker as a standby.
  void tell_rank();
  /// To the elector: give the leader key back, and end.
  void resign();
  /// To the heartbeat: the settings that it states have changed.
  void tell_settings();
  /// To the heartbeat: write the goodbye, and end.
  void say_goodbye(bool restarting);
  /// To the registrar: give the id back, and end.
  void release_id();
  const elector_actor& elector() const { return elector_; }
  const heartbeat_actor& heartbeat() const { return heartbeat_; }

private:
  template <class Answer, class Handle, class Request, class F>
  void ask(const Handle& who, Request what, F answered);
  template <caf::spawn_options How = caf::no_spawn_options, class Behavior, class Self,
            class Options, class... Args>
  auto spawn(role x, Behavior (*body)(Self*, Options, Args...), Options options,
             Args... args);
  void start_calculator();
  void tell_guard(core::nonce_use use, const nonce& x) const;
  std::map<std::string, std::string> settings() const;
  caf::actor_addr& address(role x) { return addresses_[static_cast<std::size_t>(x)]; }
  supervisor_actor parent() const { return supervisor_actor{context_.self}; }

  worker_context& context_;
  core::restarts runs_;
  std::array<caf::actor_addr, count_of<core::role>> addresses_;
  registrar_actor registrar_;
  heartbeat_actor heartbeat_;
  elector_actor elector_;
  watcher_actor watcher_;
  roster_actor roster_;
  calculator_actor calculator_;
};

/// Opens a worker's buckets and checks that their store is that of its group: carries out
/// core::group_check.
class group_store {
public:
  explicit group_store(worker& of);

  void step(const core::group_check::event& what);
  std::optional<core::time_point> wake_at() const {
    return closed_ ? std::nullopt : check_.wake_at();
  }
  /// The worker leaves: nothing is checked any more.
  void close() { closed_ = true; }

private:
  struct bucket {
    core::wanted_bucket what;
    /// It was opened and, as far as is known, still exists.
    bool open = false;
  };

  void carry_out(const core::group_check::command& what);
  void open();
  void look();
  void answered(std::size_t which, const bucket_opened& x);

  worker& worker_;
  worker_context& context_;
  core::group_check check_;
  bool closed_ = false;
  std::array<bucket, bucket_count> buckets_;
  std::size_t opening_ = 0;
  core::group_check::opened trouble_;
};

/// The orders to the listeners of a worker, and until when these may work: carries out
/// core::duties.
class work_orders {
public:
  explicit work_orders(worker& of);

  void step(const core::duties::event& what);
  std::optional<core::time_point> wake_at() const { return duties_.wake_at(); }
  const core::duties& duties() const { return duties_; }
  /// From now on no orders are sent.
  void close() { closed_ = true; }

  void add_listener(const listener_actor& x);
  /// Whether it was a listener; what it worked on counts as stopped.
  bool remove_listener(const caf::actor_addr& who);
  void add_session_listener(const session_listener_actor& x) {
    session_listeners_.push_back(x);
  }
  /// The session is valid until then.
  void extend(core::time_point until);
  /// The newest record of this worker; false if it brings nothing new.
  bool apply(const record& x);
  /// The session is over, and its record with it.
  void drop();

private:
  void carry_out(const core::duties::command& what);
  void settled();
  void late(const core::duties::late& x);
  /// How long listeners have to end their work after the session: then others may start.
  core::duration margin() const { return context_.options.heartbeat.ttl / 8; }
  void observe_deadline(core::time_point must_stop_by);

  worker& worker_;
  worker_context& context_;
  core::duties duties_;
  std::vector<session_listener_actor> session_listeners_;
  bool closed_ = false;
};

/// How a worker leaves: carries out core::departure, and ends the supervisor.
class worker_departure {
public:
  explicit worker_departure(worker& of);

  void step(const core::departure::event& what);
  /// For the host; answered once the worker has stopped.
  caf::typed_response_promise<worker_stopped> ask(leave_mode mode);
  const core::departure& now() const { return departure_; }

private:
  void carry_out(const core::departure::command& what);
  void look_for_leader();
  void finish(const std::string& failure);

  worker& worker_;
  worker_context& context_;
  core::departure departure_;
  std::vector<caf::typed_response_promise<worker_stopped>> answers_;
};

/// A worker's id, incarnations and sessions: how they begin, and what ends with them.
/// Reports are of the child's present run.
class worker_session {
public:
  explicit worker_session(worker& of);

  /// Begins a new incarnation, which follows its record before it sends heartbeats.
  void join();
  /// The store may show less than it did before.
  void doubt();
  void leave(const std::string& why);
  /// The same for a reason that says nothing about the store: no outage is measured then.
  void end(const std::string& why);

  void on(const id_claimed& x);
  void on(const id_lost& x);
  void on(const session_extended& x);
  void on(const session_waits& x);
  void on(const record_followed& x);
  void on(const session_over& x);
  void on(const record_lost& x);

private:
  void leave_id(const std::string& why);

  worker& worker_;
  worker_context& context_;
};

/// A worker as the leader of its group: runs the calculator from `elected` to the end of
/// the leadership.
class worker_leadership {
public:
  explicit worker_leadership(worker& of);

  void stop(const std::string& why);
  /// Gives leadership up, and stands for election again.
  void step_down(const std::string& why);

  void on(const elected& x);
  caf::result<may_act> on(const adopted& x);
  void on(const superseded& x);

  /// What the leader has measured.
  group_stats led;

private:
  worker& worker_;
  worker_context& context_;
};

/// One worker, inside its supervisor: passes on what its children, its listeners and the
/// store report to the decisions in core/worker, and carries out what they decide. Its
/// parts use each other through it.
class worker {
public:
  worker(supervisor_pointer self, worker_options options, store_actor store_,
         partition_source_actor source, const listener_actor& listener);
  worker(const worker&) = delete;
  worker& operator=(const worker&) = delete;

  void start();

  // -- the parts, in the order in which they are made -----------------------------------

  worker_context context;
  worker_alerts alerts;
  group_store store;
  worker_children children;
  work_orders work;
  core::life life;
  worker_departure departure;
  worker_leadership leadership;
  worker_session session;

  // -- for them -------------------------------------------------------------------------

  void live(const core::life::event& what);
  /// An outage of the store may have begun or ended.
  void outage(const core::outage::event& what);
  /// The roster runs while this worker leads or is a standby.
  void need_roster();
  /// A wake_at() may have changed.
  void set_alarm();

  bool leaving() const { return departure.now().begun_to_leave(); }

  // -- reports --------------------------------------------------------------------------

  void on(const store_trouble& x);
  void on(const record_received& x);
  void on(const entry_invalid& x);
  void on(const partition_list& x);
  void on(const link_changed& x);
  /// A child or a listener has ended.
  void ended(const caf::actor_addr& who, const caf::error& why);
  void on(const wake& x);

  // -- from the host --------------------------------------------------------------------

  worker_status status() const;
  caf::result<worker_stats> stats();

private:
  using role = core::role;

  void restart(const core::restarts::event& what);
  void carry_out(const core::outage::alert& x);

  supervisor_pointer self_;
  core::outage outage_;
  /// Why there is no connection; empty: there is one.
  std::string why_away_;
  partita::alarm alarm_;
  std::uint64_t invalid_entries_ = 0;
};

} // namespace partita
