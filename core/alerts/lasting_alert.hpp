// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/core/time.hpp"
#include "partita/messages/events.hpp"

#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace partita::core {

/// The alert of a leader for as long as something is wrong: its list of partitions is
/// unavailable, or settings differ.
///
///   well --trouble / alert warn--> in trouble --`error` has passed / alert error--+
///    ^                                |   ^                                       |
///    +------- healed / alert over ----+   +--- another reason / alert again <-----+
///
/// Promises: each reason is reported at once, and once more when its level grows; the
/// level never falls while trouble lasts; the end is reported once.
class lasting_alert {
public:
  struct options {
    /// The age at which a warning becomes an error; 0: it never does.
    duration error{};
    /// The text of the alert when it is over.
    std::string over;
  };

  struct alert {
    alert_level level = alert_level::warn;
    std::string why;
    duration age{};
    bool over = false;
  };

  explicit lasting_alert(options opts) : options_{std::move(opts)} {}

  /// `why` is what is wrong; empty: nothing any more.
  std::optional<alert> found(const std::string& why, time_point now);
  std::optional<alert> tick(time_point now);
  std::optional<time_point> wake_at() const;

private:
  alert_level level_at(time_point now) const;

  options options_;
  /// While in trouble: since when, and what was reported last at which level.
  std::optional<time_point> since_;
  std::string why_;
  alert_level said_ = alert_level::warn;
};

} // namespace partita::core
