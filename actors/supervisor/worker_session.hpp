// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/actors/supervisor/store_watch.hpp"
#include "partita/actors/supervisor/worker_departure.hpp"
#include "partita/actors/supervisor/worker_leadership.hpp"

#include <functional>
#include <string>

namespace partita {

/// A worker's id, incarnations and sessions: how they begin, and what ends with them.
class worker_session {
public:
  /// Called on the supervisor's thread.
  using live_callback = std::function<void(const core::life::event&)>;

  worker_session(worker_context& context, worker_children& children, work_orders& work,
                 const core::life& life, worker_departure& departure, store_watch& outage,
                 worker_leadership& leadership, live_callback live)
      : context_{context},
        children_{children},
        work_{work},
        life_{life},
        departure_{departure},
        outage_{outage},
        leadership_{leadership},
        live_{std::move(live)} {}

  /// Begins a new incarnation, which follows its record before it sends heartbeats.
  void join();
  /// The store may show less than it did before.
  void doubt();
  void leave(const std::string& why);
  /// The same for a reason that says nothing about the store: no outage is measured then.
  void end(const std::string& why);

  // -- from the children ----------------------------------------------------------------

  void on(const id_claimed& x);
  void on(const id_lost& x);
  void on(const session_started& x);
  void on(const session_extended& x);
  void on(const session_waits& x);
  void on(const record_followed& x);
  void on(const session_over& x);
  void on(const record_lost& x);

private:
  using role = core::role;

  bool leaving() const { return departure_.now().begun_to_leave(); }
  void leave_id(const std::string& why);

  worker_context& context_;
  worker_children& children_;
  work_orders& work_;
  const core::life& life_;
  worker_departure& departure_;
  store_watch& outage_;
  worker_leadership& leadership_;
  live_callback live_;
};

} // namespace partita
