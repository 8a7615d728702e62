// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/core/time.hpp"
#include "partita/messages/events.hpp"

#include <optional>
#include <string>
#include <variant>

namespace partita::core {

/// How loud a leader says that its list of partitions cannot be had, or not as a whole.
///
///   well --trouble / alert warn--> in trouble --`error` has passed / alert error--+
///    ^                                |   ^                                       |
///    +------- healed / alert over ----+   +--- another reason / alert again <-----+
///
/// Promises: each reason is said at once, and once more when its level grows; the level
/// never falls while trouble lasts; the end is said once.
class source_alert {
public:
  struct options {
    /// The age at which a warning becomes an error.
    duration error{};
  };

  struct alert {
    alert_level level = alert_level::warn;
    std::string why;
    duration age{};
    bool over = false;
  };

  explicit source_alert(options opts) : options_{opts} {}

  /// `why` is what is wrong; empty: nothing any more.
  std::optional<alert> found(const std::string& why, time_point now);
  std::optional<alert> tick(time_point now);
  std::optional<time_point> wake_at() const;

private:
  alert_level level_at(time_point now) const;

  options options_;
  /// While in trouble: since when, what was said last and how loud.
  std::optional<time_point> since_;
  std::string why_;
  alert_level said_ = alert_level::warn;
};

} // namespace partita::core
