// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/core/time.hpp"
#include "partita/messages/events.hpp"

#include <string>
#include <variant>
#include <vector>

namespace partita::core {

/// The life of a worker, and when it begins a session:
///
///   init -> claiming_id -> election -> waiting_assignment -> stable
///                 ^                                            ^
///                 | session or id lost                         v
///          (any but shutdown)              scaling, rebalancing, emergency
///
/// and from any state to degraded (and back to the state before it, or to claiming_id)
/// and to shutdown, which is the end. Scaling, rebalancing and emergency are shown while
/// this worker leads and does that; an emergency may also interrupt the other two.
///
/// Promises:
/// - A session begins only with an id, only while no work of the last one goes on, and
///   only after the store was identified since the last doubt of it.
/// - While degraded only the loss of the session is noted; the state catches up with the
///   rest when the store is back.
/// - After `leaving` no session begins and no state follows.
class life {
public:
  // -- events ---------------------------------------------------------------------------

  /// The store is there, and it is the group's.
  struct identified {};
  /// The store may be another one or hold less than before.
  struct doubted {};
  struct id_claimed {
    worker_id id;
  };
  /// Comes before the end of the session that goes with it.
  struct id_lost {};
  /// No session begins before then.
  struct held_back {
    time_point until;
  };
  struct session_over {
    std::string why;
  };
  /// All work of the last session has stopped.
  struct work_stopped {};
  struct record_applied {};
  struct leader_seen {
    worker_id leader;
  };
  /// This worker leads.
  struct elected {};
  struct deposed {};
  /// What the leader is doing: stable, scaling, rebalancing or emergency.
  struct phase_changed {
    worker_state phase;
    std::string why;
  };
  struct store_silent {};
  struct store_back {};
  struct leaving {
    std::string why;
  };
  struct tick {};
  using event =
      std::variant<identified, doubted, id_claimed, id_lost, held_back, session_over,
                   work_stopped, record_applied, leader_seen, elected, deposed,
                   phase_changed, store_silent, store_back, leaving, tick>;

  // -- commands -------------------------------------------------------------------------

  struct changed {
    worker_state from;
    worker_state to;
    std::string why;
  };
  /// Find out whose store this is; answer with identified.
  struct identify {};
  /// Claim an id; answer with id_claimed.
  struct claim_id {};
  /// The session has begun.
  struct join {};
  using command = std::variant<changed, identify, claim_id, join>;
  using commands = std::vector<command>;

  commands step(const event& what, time_point now);
  std::optional<time_point> wake_at() const { return held_back_; }

  worker_state state() const { return state_; }
  const std::string& reason() const { return reason_; }
  std::uint64_t changes() const { return changes_; }
  bool in_session() const { return in_session_; }
  bool leads() const { return leads_; }
  /// Empty: not known.
  const worker_id& leader() const { return leader_; }

private:
  void on(const identified&);
  void on(const doubted&) { identified_ = false; }
  void on(const id_claimed& what) { id_ = what.id; }
  void on(const id_lost&) {
    id_ = {};
    leader_ = {};
  }
  void on(const held_back& what) { held_back_ = what.until; }
  void on(const session_over& what);
  void on(const work_stopped&) { working_ = false; }
  void on(const record_applied&) { applied_ = true; }
  void on(const leader_seen& what) { leader_ = what.leader; }
  void on(const elected&) {
    leads_ = true;
    leader_ = id_;
  }
  void on(const deposed&) {
    leads_ = false;
    phase_ = worker_state::stable;
    phase_reason_ = "lost leadership";
  }
  void on(const phase_changed& what) {
    phase_ = what.phase;
    phase_reason_ = what.why;
  }
  void on(const store_silent&);
  void on(const store_back&);
  void on(const leaving& what) { set(worker_state::shutdown, what.why); }
  void on(const tick&) {}

  void join_if_possible();
  void catch_up();
  void show_phase();
  void set(worker_state to, const std::string& why);

  commands out_;
  worker_state state_ = worker_state::init;
  std::string reason_ = "started";
  std::uint64_t changes_ = 0;
  worker_id id_;
  bool identified_ = false;
  bool in_session_ = false;
  /// Work of a session goes on, perhaps of one that is over.
  bool working_ = false;
  bool applied_ = false;
  std::optional<time_point> held_back_;
  worker_id leader_;
  bool leads_ = false;
  worker_state phase_ = worker_state::stable;
  std::string phase_reason_;
  /// While degraded: where to go back to, unless the session was lost.
  worker_state before_degraded_ = worker_state::init;
  bool lost_while_degraded_ = false;
};

} // namespace partita::core
