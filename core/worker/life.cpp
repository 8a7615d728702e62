// SPDX-License-Identifier: Apache-2.0
#include "partita/core/worker/life.hpp"

#include <utility>

namespace partita::core {

namespace {

using enum worker_state;

bool is_busy(worker_state x) {
  return x == scaling || x == rebalancing || x == emergency;
}

} // namespace

life::commands life::step(const event& what, time_point now) {
  if (held_back_ && now >= *held_back_)
    held_back_.reset();
  std::visit([this](const auto& x) { on(x); }, what);
  if (state_ != shutdown) {
    join_if_possible();
    catch_up();
  }
  return std::exchange(out_, {});
}

void life::on(const identified&) {
  identified_ = true;
  if (state_ != init)
    return;
  set(claiming_id, "the store is there");
  out_.emplace_back(claim_id{});
}

void life::on(const session_over& what) {
  in_session_ = false;
  applied_ = false;
  if (state_ == degraded)
    lost_while_degraded_ = true;
  else if (state_ != init)
    set(claiming_id, what.why);
}

void life::on(const store_silent&) {
  if (state_ == shutdown || state_ == degraded)
    return;
  before_degraded_ = state_;
  lost_while_degraded_ = false;
  set(degraded, "the store does not acknowledge its heartbeat");
}

void life::on(const store_back&) {
  if (state_ != degraded)
    return;
  if (lost_while_degraded_)
    set(claiming_id, "the store is back; the session was lost meanwhile");
  else
    set(before_degraded_, "the store is back");
}

void life::join_if_possible() {
  if (state_ == init || in_session_ || id_.value.empty() || working_ || held_back_)
    return;
  if (!identified_) {
    out_.emplace_back(identify{});
    return;
  }
  in_session_ = true;
  working_ = true;
  out_.emplace_back(join{});
}

void life::catch_up() {
  if (state_ == claiming_id && in_session_)
    set(election, "holds " + id_.value);
  if (state_ == election && !leader_.value.empty())
    set(waiting_assignment, leader_.value + " leads");
  if (state_ == election && applied_)
    set(waiting_assignment, "its record was published");
  if (state_ == waiting_assignment && applied_)
    set(stable, "received its first assignment");
  show_phase();
}

void life::show_phase() {
  if (state_ != stable && !is_busy(state_))
    return; // Shown once this worker has its own assignment.
  if (phase_ == state_)
    return;
  // Only an emergency interrupts.
  if (is_busy(state_) && phase_ != stable && (state_ == emergency || phase_ != emergency))
    set(stable, "done");
  set(phase_, phase_reason_);
}

void life::set(worker_state to, const std::string& why) {
  if (state_ == to || state_ == shutdown)
    return;
  out_.emplace_back(changed{state_, to, why});
  state_ = to;
  reason_ = why;
  ++changes_;
}

} // namespace partita::core
