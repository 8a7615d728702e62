// SPDX-License-Identifier: Apache-2.0
#include "partita/core/alerts/outage.hpp"

#include <algorithm>

namespace partita::core {

namespace {

constexpr alert_level levels[] = {alert_level::info, alert_level::warn,
                                  alert_level::error, alert_level::critical};

} // namespace

outage::commands outage::step(const event& what, time_point now) {
  out_.clear();
  std::visit([&](const auto& x) { on(x, now); }, what);
  return std::move(out_);
}

std::optional<time_point> outage::wake_at() const {
  if (!acknowledged_at_)
    return std::nullopt;
  for (auto x : levels)
    if (!said_ || x > *said_)
      return *acknowledged_at_ + age_of(x);
  return std::nullopt;
}

void outage::on(const acknowledged& what, time_point now) {
  auto before = acknowledged_at_;
  acknowledged_at_ = std::max(what.sent, acknowledged_at_.value_or(what.sent));
  if (!said_ || now - *acknowledged_at_ >= options_.after)
    return;
  out_.emplace_back(recover{});
  out_.emplace_back(alert{*said_, now - *before, true});
  said_.reset();
}

void outage::on(const released&, time_point) {
  // A degraded worker stays so until a heartbeat is acknowledged.
  if (!said_)
    acknowledged_at_.reset();
}

void outage::on(const tick&, time_point now) {
  if (!acknowledged_at_)
    return;
  auto age = now - *acknowledged_at_;
  auto was = said_;
  for (auto x : levels)
    if (age >= age_of(x) && (!said_ || x > *said_))
      said_ = x;
  if (said_ == was)
    return;
  if (!was)
    out_.emplace_back(degrade{});
  out_.emplace_back(alert{*said_, age, false});
}

duration outage::age_of(alert_level x) const {
  switch (x) {
  case alert_level::info:
    return options_.after;
  case alert_level::warn:
    return options_.warn;
  case alert_level::error:
    return options_.error;
  case alert_level::critical:
  case alert_level::count:
    break;
  }
  return options_.critical;
}

} // namespace partita::core
