// SPDX-License-Identifier: Apache-2.0
#include "partita/core/alerts/lasting_alert.hpp"

#include <utility>

namespace partita::core {

std::optional<lasting_alert::alert> lasting_alert::found(const std::string& why,
                                                         time_point now) {
  if (why.empty()) {
    if (!since_)
      return std::nullopt;
    auto age = now - *std::exchange(since_, std::nullopt);
    why_.clear();
    return alert{said_, options_.over, age, true};
  }
  if (since_ && why == why_)
    return tick(now);
  since_ = since_.value_or(now);
  why_ = why;
  said_ = level_at(now);
  return alert{said_, why_, now - *since_, false};
}

std::optional<lasting_alert::alert> lasting_alert::tick(time_point now) {
  auto due = wake_at();
  if (!due || now < *due)
    return std::nullopt;
  said_ = alert_level::error;
  return alert{said_, why_, now - *since_, false};
}

std::optional<time_point> lasting_alert::wake_at() const {
  if (!since_ || options_.error.count() == 0 || said_ == alert_level::error)
    return std::nullopt;
  return *since_ + options_.error;
}

alert_level lasting_alert::level_at(time_point now) const {
  return options_.error.count() != 0 && now - *since_ >= options_.error
             ? alert_level::error
             : alert_level::warn;
}

} // namespace partita::core
