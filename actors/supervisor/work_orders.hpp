// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/actors/supervisor/worker_alerts.hpp"
#include "partita/core/worker/duties.hpp"

#include <functional>
#include <string>
#include <vector>

namespace partita {

/// The orders to the listeners of a worker, and until when these may work: carries out
/// core::duties.
class work_orders {
public:
  /// Called on the supervisor's thread.
  struct callbacks {
    std::function<void(const record_progress&)> report;
    /// The session's deadline has passed.
    std::function<void(const std::string& why)> session_over;
    /// All work has stopped after a session.
    std::function<void()> work_stopped;
    /// Lost work does not stop, and this worker is configured to end then.
    std::function<void(const std::string& why)> cannot_be_stopped;
    /// After each event.
    std::function<void()> moved;
  };

  work_orders(worker_context& context, worker_alerts& alerts, callbacks to);

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
  void carry_out(const core::duties::assign& x);
  void carry_out(const core::duties::revoke& x);
  void carry_out(const core::duties::lose& x);
  void carry_out(const core::duties::report& x) { to_.report(x.what); }
  void carry_out(const core::duties::ended& x) { to_.session_over(x.why); }
  void carry_out(const core::duties::settled&);
  void carry_out(const core::duties::late& x);
  void carry_out(const core::duties::late_no_more& x);
  /// How long listeners have to end their work after the session: then others may start.
  core::duration margin() const { return context_.options.heartbeat.ttl / 8; }
  void observe_deadline(core::time_point must_stop_by);

  worker_context& context_;
  worker_alerts& alerts_;
  callbacks to_;
  core::duties duties_;
  std::vector<session_listener_actor> session_listeners_;
  bool closed_ = false;
};

} // namespace partita
