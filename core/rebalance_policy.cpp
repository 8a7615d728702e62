#include "partita/core/rebalance_policy.hpp"

#include <algorithm>

namespace partita::core {

void rebalance_policy::begin(bool cold) {
  first_ = cold;
}

void rebalance_policy::changed(change what, std::string reason, std::size_t present,
                               time_point now) {
  if (phase() == worker_state::stable) {
    since_ = now;
    reason_.clear();
    end_cold_start(now);
  }
  last_change_ = now;
  complete_ = options_.expected_workers != 0 && present >= options_.expected_workers;
  switch (what) {
  case change::joined:
    joined_ = true;
    break;
  case change::left:
    left_ = true;
    break;
  case change::lost:
    lost_ = true;
    break;
  case change::partitions_added:
    added_ = true;
    break;
  case change::other:
    other_ = true;
    break;
  }
  // A hundred workers that join need no hundred names.
  if (reason_.empty())
    reason_ = std::move(reason);
  else if (reason_.size() < 200)
    reason_ += ", " + reason;
}

std::optional<rebalance_policy::decision> rebalance_policy::next(std::size_t present,
                                                                 time_point now) {
  if (present == 0)
    return std::nullopt; // Nobody could own anything; the change is kept.
  end_cold_start(now);
  if (!first_ && (phase() == worker_state::stable || now < due()))
    return std::nullopt;
  decision result{name(), first_ && reason_.empty() ? "first plan" : reason_};
  if (first_) {
    first_ = false;
    cold_until_ = now + options_.cold_start_window;
  } else if (!cold_until_ || !(lost_ || left_)) {
    // What is urgent interrupts the cold start, but does not end it.
    last_plan_ = now;
    cold_until_.reset();
  }
  joined_ = left_ = lost_ = added_ = other_ = complete_ = false;
  reason_.clear();
  return result;
}

void rebalance_policy::end_cold_start(time_point now) {
  if (cold_until_ && now >= *cold_until_ && phase() == worker_state::stable)
    cold_until_.reset();
}

std::optional<time_point> rebalance_policy::wake_at() const {
  if (phase() == worker_state::stable)
    return std::nullopt;
  return due();
}

time_point rebalance_policy::due() const {
  if (lost_ || left_)
    return since_;
  auto end = cold_until_ ? *cold_until_ : since_ + options_.planned_scale_window;
  auto result = std::min(end, last_change_ + options_.settle_time);
  if (complete_)
    result = since_;
  if (last_plan_ && !added_)
    result = std::max(result, *last_plan_ + options_.min_interval);
  return result;
}

lifecycle rebalance_policy::name() const {
  if (first_)
    return lifecycle::cold_start;
  if (lost_)
    return lifecycle::emergency;
  if (left_ || joined_)
    return cold_until_ && !left_ ? lifecycle::cold_start : lifecycle::planned_scale;
  return lifecycle::rebalance;
}

worker_state rebalance_policy::phase() const {
  if (lost_)
    return worker_state::emergency;
  if (left_ || joined_)
    return worker_state::scaling;
  if (added_ || other_)
    return worker_state::rebalancing;
  return worker_state::stable;
}

} // namespace partita::core
