// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/actors/supervisor/group_store.hpp"
#include "partita/actors/supervisor/worker_session.hpp"

namespace partita {

/// One worker, inside its supervisor: passes on what its children, its listeners and the
/// store report to the decisions in core/worker, and carries out what they decide. Runs
/// inside the supervisor only.
class worker {
public:
  worker(supervisor_pointer self, worker_options options, store_actor store,
         partition_source_actor source, listener_actor listener);
  worker(const worker&) = delete;
  worker& operator=(const worker&) = delete;

  void start();

  // -- from the children ----------------------------------------------------------------

  void on(const store_trouble& x);
  void on(const leader_seen& x);
  void on(const record_received& x);
  void on(const entry_invalid& x);
  void on(const longer_ttl_seen& x);
  void on(const partition_list& x);
  void on(const link_changed& x);
  /// A child or a listener has ended.
  void on(const caf::down_msg& x);
  void on(const wake& x);
  worker_leadership& leadership() { return leadership_; }
  worker_session& session() { return session_; }

  // -- from the host --------------------------------------------------------------------

  worker_status status() const;
  caf::result<worker_stats> stats();
  void add_listener(const listener_actor& x) { work_.add_listener(x); }
  void add_session_listener(const session_listener_actor& x) {
    work_.add_session_listener(x);
  }
  caf::typed_response_promise<worker_stopped> stop(leave_mode mode) {
    return departure_.ask(mode);
  }

private:
  using role = core::role;

  bool leaving() const { return departure_.now().begun_to_leave(); }

  // -- decisions, and what follows from them --------------------------------------------

  void live(const core::life::event& what);
  void carry_out(const core::life::changed& x);
  void carry_out(const core::life::identify&);
  void carry_out(const core::life::claim_id&) { children_.start(role::registrar); }
  void carry_out(const core::life::join&) { session_.join(); }

  void restart(const core::restarts::event& what);
  void carry_out(const core::restarts::start& x) { children_.start(x.who); }
  void carry_out(const core::restarts::kill& x) { children_.end(x.who); }
  void carry_out(const core::restarts::crashed& x);
  void carry_out(const core::restarts::depose& x) { leadership_.stop(x.why); }
  void carry_out(const core::restarts::end_session& x);

  group_store::callbacks of_store();
  work_orders::callbacks of_work();
  worker_departure::callbacks of_departure();
  store_watch::callbacks of_outage();
  worker_leadership::callbacks of_leadership();

  // -- across several parts -------------------------------------------------------------

  /// The roster runs while this worker leads or is a standby.
  void need_roster();
  void set_alarm();

  supervisor_pointer self_;
  worker_context context_;
  worker_alerts alerts_;
  group_store store_;
  worker_children children_;
  work_orders work_;
  core::life life_;
  worker_departure departure_;
  store_watch outage_;
  worker_leadership leadership_;
  worker_session session_;
  partita::alarm alarm_;
  std::uint64_t invalid_entries_ = 0;
};

} // namespace partita
