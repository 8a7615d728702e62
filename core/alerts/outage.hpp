// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/core/time.hpp"
#include "partita/messages/events.hpp"
#include "partita/messages/options.hpp"

#include <variant>
#include <vector>

namespace partita::core {

/// How long the store has been away, and the level of the alert about it.
///
///          acknowledged         nothing for `after` / degrade, alert
///   +------+ ----> +------+ -----------------------------------> +----------+ --+
///   | idle |       | fine |                                      | degraded |   | an age
///   +------+ <---- +------+ <----------------------------------- +----------+ <-+ /alert
///            released           acknowledged / recover, alert over
///
/// Promises: degraded exactly while no heartbeat that was sent within `after` has been
/// acknowledged; each level is reported once, at its age, counted from the send of the
/// last acknowledged one; the end is reported once. While none is sent nothing counts.
class outage {
public:
  // -- events ---------------------------------------------------------------------------

  /// The store has acknowledged what was sent at that time.
  struct acknowledged {
    time_point sent;
  };
  /// No heartbeat is sent for now, for reasons other than the store.
  struct released {};
  struct tick {};
  using event = std::variant<acknowledged, released, tick>;

  // -- commands -------------------------------------------------------------------------

  struct degrade {};
  struct recover {};
  struct alert {
    alert_level level;
    duration age;
    bool over;
  };
  using command = std::variant<degrade, recover, alert>;
  using commands = std::vector<command>;

  explicit outage(const degraded_options& options) : options_{options} {}

  commands step(const event& what, time_point now);
  std::optional<time_point> wake_at() const;

private:
  void on(const acknowledged& what, time_point now);
  void on(const released& what, time_point now);
  void on(const tick& what, time_point now);

  duration age_of(alert_level x) const;

  degraded_options options_;
  commands out_;
  /// When the last acknowledged heartbeat was sent; nothing while idle.
  std::optional<time_point> acknowledged_at_;
  /// While degraded: the level that was reported last.
  std::optional<alert_level> said_;
};

} // namespace partita::core
