// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/core/time.hpp"
#include "partita/messages/events.hpp"
#include "partita/messages/record.hpp"
#include "partita/messages/reports.hpp"

#include <map>
#include <set>
#include <string>
#include <variant>
#include <vector>

namespace partita::core {

/// What a worker orders its listeners to do, and what it reports to the group about that.
///
///            joined                    session over, deadline passed
///   +------+ -----> +---------+ ------------------------------> +--------+
///   | idle |        | working |                                 | losing |
///   +------+ <-+    +---------+ --gives up--> +-----------+ --> +--------+
///              |                              | giving up |         |
///              |                              +-----------+         |
///              +------- all listeners have stopped / settled -------+
///
/// Promises:
/// - A partition is assigned only while the session holds, and only if a record of this
///   session grants it; each once for each token.
/// - A partition is in the report's `stopping` from its revocation until every listener
///   that may work on it has confirmed that it does not. Where these are too many for a
///   heartbeat, the record does not count as applied before they are fewer.
/// - A partition that comes back while it is being stopped is assigned only after that.
/// - A new token of a held partition is passed on without a stop.
/// - When the session is over, all that was worked on or being stopped is lost, and it is
///   settled only once every listener has confirmed.
/// - A listener that is gone works on nothing: it counts as having confirmed.
/// - An order that is not confirmed in time is reported, once.
class duties {
public:
  /// Names a listener; given by the shell.
  using listener_id = std::uint64_t;
  /// Names a revocation or loss, so that a late answer is not taken for that to another.
  using order_id = std::uint64_t;

  struct options {
    /// Whether the session ends by time.
    bool exclusive = true;
    /// How long stopping may take after a revocation before it is reported.
    duration stop_within{};
    /// The same after a loss: from then on others may own the partitions.
    duration margin{};
  };

  // -- events ---------------------------------------------------------------------------

  struct listener_added {
    listener_id who;
  };
  struct listener_gone {
    listener_id who;
  };
  /// A new session may begin; only while idle.
  struct joined {};
  struct extended {
    time_point until;
  };
  struct recorded {
    record what;
  };
  struct confirmed {
    listener_id who;
    order_id order;
  };
  struct session_over {
    std::string why;
  };
  /// The worker wants to leave: others take its partitions over one by one.
  struct drain {};
  /// The worker leaves: everything is to be stopped within `time_left`.
  struct give_up {
    duration time_left;
  };
  struct tick {};
  using event = std::variant<listener_added, listener_gone, joined, extended, recorded,
                             confirmed, session_over, drain, give_up, tick>;

  // -- commands -------------------------------------------------------------------------

  struct assign {
    /// Only this listener; nothing: all of them.
    std::optional<listener_id> to;
    stamp granted_by;
    std::vector<grant> what;
  };
  /// To all listeners; each answers with confirmed.
  struct revoke {
    order_id order;
    std::vector<grant> what;
    duration time_left;
  };
  /// To all listeners; each answers with confirmed.
  struct lose {
    order_id order;
    std::vector<grant> what;
    std::string why;
    duration time_left;
  };
  struct report {
    record_progress what;
  };
  /// The deadline has passed: the session is over.
  struct ended {
    std::string why;
  };
  /// After a loss or after giving up: no listener works on anything.
  struct settled {};
  /// Work goes on that should have ended. `lost`: others may own these by now.
  struct late {
    std::vector<partition> what;
    bool lost;
    duration age;
  };
  /// No late work goes on any more.
  struct late_no_more {
    duration age;
  };
  using command =
      std::variant<assign, revoke, lose, report, ended, settled, late, late_no_more>;
  using commands = std::vector<command>;

  explicit duties(options opts) : options_{opts} {}

  commands step(const event& what, time_point now);
  std::optional<time_point> wake_at() const;

  /// The end of the newest session, as far as it was extended; nothing before its first
  /// extension.
  std::optional<time_point> works_until() const { return until_; }
  /// The record takes everything away and no listener works on anything.
  bool drained() const {
    return held_.empty() && orders_.empty() && (!record_ || record_->partitions.empty());
  }
  /// Everything was stopped after a loss or after giving up, or nothing ever began.
  bool idle() const { return phase_ == phase::idle; }

private:
  enum class phase : std::uint8_t { idle, working, losing, giving_up };

  struct order {
    std::vector<grant> what;
    std::set<listener_id> waiting;
    time_point since;
    time_point late_at;
    bool lost = false;
    bool reported = false;
  };

  void on(const listener_added& what, time_point now);
  void on(const listener_gone& what, time_point) {
    listeners_.erase(what.who);
    for (auto& [id, x] : orders_)
      x.waiting.erase(what.who);
  }
  void on(const joined& what, time_point now);
  void on(const extended& what, time_point) {
    if (!until_ || what.until > *until_)
      until_ = what.until;
  }
  void on(const recorded& what, time_point now);
  void on(const confirmed& what, time_point) {
    if (auto i = orders_.find(what.order); i != orders_.end())
      i->second.waiting.erase(what.who);
  }
  void on(const session_over& what, time_point now) {
    if (in_session())
      lose_all(what.why, now);
  }
  void on(const drain&, time_point) { draining_ = true; }
  void on(const give_up& what, time_point now);
  void on(const tick&, time_point) {}

  bool in_session() const {
    return phase_ == phase::working || phase_ == phase::giving_up;
  }
  bool session_holds(time_point now) const {
    return until_ && (!options_.exclusive || now < *until_);
  }
  void check_deadline(time_point now);
  void revoke_what_is_gone(time_point now);
  /// False: nothing may be assigned yet.
  bool assign_what_is_new(time_point now);
  void lose_all(const std::string& why, time_point now);
  order_id give_order(std::vector<grant> what, duration late_after, bool lost,
                      time_point now);
  void finish_orders();
  void watch_time(time_point now);
  void settle();
  void report_news();

  options options_;
  commands out_;
  phase phase_ = phase::idle;
  std::set<listener_id> listeners_;
  std::optional<time_point> until_;
  /// The newest record of this session.
  std::optional<record> record_;
  /// What is held may not be what it must be: the record is new, or a stop has ended.
  bool look_ = false;
  /// By name. What listeners must work on, and what they must stop.
  std::map<std::string, grant> held_;
  std::map<std::string, order_id> stopping_;
  std::map<order_id, order> orders_;
  order_id last_order_ = 0;
  bool draining_ = false;
  record_progress reported_;
  /// Since when work goes on that was reported.
  std::optional<time_point> late_since_;
};

/// The newest record of a worker's session, and what listeners receive about its changes.
class applied_record {
public:
  /// Whether it is newer than the present one: a watcher that was started again shows
  /// what is known.
  bool is_news(const record& x) const {
    return !record_ || stamp_of(x) > stamp_of(*record_);
  }

  assignment_changed apply(const worker_id& self, const record& x);

  /// The session is over; nothing if there was no partition to lose.
  std::optional<assignment_changed> drop(const worker_id& self);

  const std::optional<record>& get() const { return record_; }

private:
  std::optional<record> record_;
};

} // namespace partita::core
