// SPDX-License-Identifier: Apache-2.0
#include "partita/core/leader/plans/rebalance_policy.hpp"

#include <algorithm>

namespace partita::core {

namespace {

// A hundred workers that join need no hundred names.
constexpr std::size_t longest_reason = 200;

// Workers that start together arrive within less than the time to settle, and each that waits
// for a plan is idle.
constexpr int cold_start_haste = 5;

} // namespace

void rebalance_policy::begin(bool cold) {
  first_ = cold;
}

void rebalance_policy::changed(change what, std::string reason, std::size_t present,
                               time_point now) {
  if (phase() == worker_state::stable) {
    since_ = now;
    reason_.clear();
    end_cold_start(now);
  } else if (what == change::partitions_added && !owed_.empty() && !pressing()) {
    since_ = now; // A change that waits for the end of a pause opens no window.
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
  case change::directed:
    directed_ = true;
    break;
  }
  if (reason_.empty())
    reason_ = std::move(reason);
  else if (reason_.size() < longest_reason)
    reason_ += ", " + reason;
}

std::optional<rebalance_policy::decision> rebalance_policy::next(std::size_t present,
                                                                 time_point now) {
  if (present == 0)
    return std::nullopt; // No worker could own anything; the change is kept.
  end_cold_start(now);
  auto held = paused(now);
  if (!first_ && (phase() == worker_state::stable || now < due(held)))
    return std::nullopt;
  decision result{name(), first_ && reason_.empty() ? "first plan" : reason_,
                  held && !first_};
  if (!result.orphans_only && !owed_.empty())
    result.reason =
        "a pause has ended: " + owed_ + (reason_.empty() ? "" : ", " + reason_);
  if (first_) {
    first_ = false;
    cold_until_ = now + options_.cold_start_window;
  } else if (!cold_until_) {
    last_plan_ = now;
  }
  newest_plan_ = now;
  forget_planned(result.orphans_only);
  return result;
}

void rebalance_policy::forget_planned(bool orphans_only) {
  lost_ = left_ = added_ = complete_ = false;
  if (orphans_only) {
    // What was assigned in a hurry is planned again, and what else waits goes on waiting.
    other_ = true;
    if (owed_.size() < longest_reason)
      owed_ += (owed_.empty() ? "" : ", ") + reason_;
  } else {
    joined_ = other_ = directed_ = false;
    owed_.clear();
  }
  reason_.clear();
}

void rebalance_policy::end_cold_start(time_point now) {
  if (cold_until_ && now >= *cold_until_ && phase() == worker_state::stable)
    cold_until_.reset();
}

std::optional<time_point> rebalance_policy::wake_at(std::size_t present) const {
  if (present == 0)
    return std::nullopt;
  if (first_)
    return time_point::min(); // At once, whatever time it is.
  if (phase() == worker_state::stable)
    return std::nullopt;
  if (!paused_until_)
    return due(false);
  // If the pause is over by then, the former is the earlier one.
  return pressing() ? std::min(due(true), std::max(due(false), *paused_until_))
                    : std::max(due(false), *paused_until_);
}

time_point rebalance_policy::due(bool paused) const {
  if (paused && !pressing())
    return time_point::max();
  auto result = due_but_for_gap(paused);
  return newest_plan_ ? std::max(result, *newest_plan_ + shortest_gap_) : result;
}

time_point rebalance_policy::due_but_for_gap(bool paused) const {
  if (lost_ || left_ || (directed_ && !paused))
    return since_;
  auto end = cold_until_ ? *cold_until_ : since_ + options_.planned_scale_window;
  auto quiet = options_.settle_time / (cold_until_ ? cold_start_haste : 1);
  auto result = std::min(end, last_change_ + quiet);
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
  if (added_ || other_ || directed_)
    return worker_state::rebalancing;
  return worker_state::stable;
}

} // namespace partita::core
