// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/core/time.hpp"
#include "partita/core/worker/restarts.hpp"
#include "partita/messages/events.hpp"

#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace partita::core {

/// The order in which a worker leaves. Each step waits for an answer or a child's end:
///
///   calculator -> election -> drain -> work -> goodbye -> id -> over
///    stops        the lease   others   all     the       given
///    deciding     is free     take     has     session   back
///                             over     stopped ends
///
/// So a leader's successor starts at once and gives its partitions to others; the goodbye
/// comes when no work goes on; the id comes last, as no other worker may take it before.
///
/// Promises:
/// - Every step is taken once, in this order, or is cut short by `timeouts.shutdown`;
///   then the worker ends without the goodbye.
/// - The election and the drain have their own limits, so the next steps have time left.
/// - A drain ends where no worker leads at two looks in a row: a worker that could take over
///   would have been elected meanwhile, and one that leads does not leave.
/// - A drain gives way to a restart or a stop, a restart to a stop; never the reverse.
class departure {
public:
  /// The worker's situation when an event comes.
  struct situation {
    /// They take orders.
    role_set alive;
    /// They are alive, or were killed and have not ended yet.
    role_set present;
    bool in_session = false;
    /// Listeners work, or are stopping their work.
    bool working = false;
    /// The record takes everything away and no listener works on anything.
    bool drained = false;
  };

  // -- events ---------------------------------------------------------------------------

  /// `failure`: why it must leave; empty: it was asked to.
  struct asked {
    leave_mode mode;
    std::string failure;
  };
  /// The situation may have changed.
  struct moved_on {};
  /// Whether another worker leads now, or may; this one does not any more.
  struct looked {
    bool led;
  };
  /// It must end at once, without a goodbye.
  struct cut_short {
    std::string failure;
  };
  struct tick {};
  using event = std::variant<asked, moved_on, looked, cut_short, tick>;

  // -- commands -------------------------------------------------------------------------

  struct begun {
    std::string failure;
  };
  struct kill {
    role who;
  };
  /// The elector is to give the leader key back and to end.
  struct resign {};
  /// Have the record emptied by the leader.
  struct drain {};
  /// Read the leader key; answer with `looked`.
  struct look_for_leader {};
  /// All work is to be stopped within this time.
  struct give_up {
    duration time_left;
  };
  /// The session is over.
  struct end_session {};
  /// The heartbeat is to say the goodbye and to end.
  struct say_goodbye {
    bool restarting;
  };
  /// The registrar is to give the id back and to end.
  struct release_id {};
  /// For the log.
  struct note {
    alert_level level;
    std::string text;
  };
  /// All is over; what is left is killed.
  struct finish {
    std::string failure;
  };
  using command = std::variant<begun, kill, resign, drain, look_for_leader, give_up,
                               end_session, say_goodbye, release_id, note, finish>;
  using commands = std::vector<command>;

  /// `limit`: how long leaving may take.
  explicit departure(duration limit) : limit_{limit} {}

  commands step(const event& what, const situation& is, time_point now) {
    if (stage_ != stage::over)
      std::visit([&](const auto& x) { on(x, is, now); }, what);
    return std::exchange(out_, {});
  }
  std::optional<time_point> wake_at() const {
    return earlier(earlier(until_, election_until_),
                   earlier(drain_until_, look_again_at_));
  }

  bool begun_to_leave() const { return stage_ != stage::none; }
  bool draining() const { return stage_ == stage::drain; }
  /// Records are still acted on.
  bool takes_records() const { return stage_ <= stage::drain; }
  /// The session goes on.
  bool needs_session() const { return stage_ < stage::goodbye; }
  bool over() const { return stage_ == stage::over; }

private:
  enum class stage : std::uint8_t {
    none,
    calculator,
    election,
    drain,
    work,
    goodbye,
    id,
    over
  };

  void on(const asked& what, const situation& is, time_point now);
  void on(const moved_on&, const situation& is, time_point now) { go_on(is, now); }
  void on(const looked& what, const situation& is, time_point now);
  void on(const cut_short& what, const situation&, time_point) {
    failure_ = what.failure;
    finish_now();
  }
  void on(const tick&, const situation& is, time_point now);

  void go_on(const situation& is, time_point now);
  bool drain_is_over(const situation& is) const {
    return mode_ != leave_mode::drain || !is.in_session || alone_ || is.drained;
  }
  void finish_now();
  void say(alert_level level, std::string text) {
    out_.emplace_back(note{level, std::move(text)});
  }

  duration limit_;
  commands out_;
  stage stage_ = stage::none;
  leave_mode mode_ = leave_mode::stop;
  std::string failure_;
  std::optional<time_point> until_;
  std::optional<time_point> election_until_;
  std::optional<time_point> drain_until_;
  std::optional<time_point> look_again_at_;
  bool led_ = true;
  bool alone_ = false;
};

} // namespace partita::core
