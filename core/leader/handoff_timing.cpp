// SPDX-License-Identifier: Apache-2.0
#include "partita/core/leader/handoff_timing.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace partita::core {

void handoff_timing::step(const coordinator::event& what,
                          const coordinator::commands& done, time_point now) {
  std::visit([&](const auto& x) { on(x, now); }, what);
  follow_plans(done, now);
}

std::optional<group_stats> handoff_timing::take() {
  if (!counts() || !std::exchange(has_news_, false))
    return std::nullopt;
  auto result = std::exchange(news_, {});
  news_.published = result.published;
  news_.partitions = result.partitions;
  news_.unowned = result.unowned;
  return result;
}

// -- what the watches show --------------------------------------------------------------

void handoff_timing::on(const coordinator::beat_shown& what, time_point now) {
  auto& x = holders_[what.who];
  x.beat = pulse{what.value.nonce, what.value.state, what.seen_at};
  judge(what.who, x, now);
}

void handoff_timing::on(const coordinator::record_shown& what, time_point now) {
  const auto* found = std::get_if<record_ptr>(&what.value);
  take_record(what.who, found ? *found : holder{}.shown, now);
}

void handoff_timing::on(const coordinator::record_gone& what, time_point now) {
  take_record(what.who, holder{}.shown, now);
}

void handoff_timing::on(const coordinator::records_replayed&, time_point) {
  live_ = has_news_ = true;
}

void handoff_timing::on(const coordinator::partitions_given& what, time_point now) {
  const auto& all = what.all->numbers;
  for (auto i : all) {
    auto& x = at(i);
    // It counts as without owner only since it was listed.
    if (x.grants == 0 && !x.listed)
      x.free_since = now;
  }
  for (auto& x : places_)
    x.listed = false;
  for (auto i : all)
    at(i).listed = true;
  for (auto& x : places_)
    if (!x.listed && x.grants == 0 && !x.revoked_at)
      x = {};
  news_.partitions = all.size();
  news_.unowned = static_cast<std::uint64_t>(
      std::count_if(places_.begin(), places_.end(),
                    [](const auto& x) { return x.listed && x.grants == 0; }));
  given_ = has_news_ = true;
}

void handoff_timing::on(const coordinator::write_answered& what, time_point) {
  if (what.answer.status == write_status::conflict)
    ++news_.conflicts;
  else if (what.answer.status == write_status::unknown)
    ++news_.unknown;
  else
    return;
  has_news_ = true;
}

// -- owners -----------------------------------------------------------------------------

void handoff_timing::take_record(const worker_id& who, const record_ptr& value,
                                 time_point now) {
  auto& x = holders_[who];
  auto before = std::exchange(x.shown, value);
  // What it had counts until here, and what it has now is judged again.
  auto counted_before = !x.ended_at;
  if (before->worker_nonce != value->worker_nonce) {
    x.heard_at.reset();
    x.ended_at.reset();
  }
  auto counts_now = !x.ended_at;
  if (value->version > news_.published) {
    news_.published = value->version;
    has_news_ = true;
  }
  granted_before_.assign(before->owned);
  granted_.assign(value->owned);
  for (auto y : before->owned)
    if (counted_before && !(counts_now && granted_.contains(y)))
      drop(y, now);
  hand_over(who, *before, *value, now);
  for (auto y : value->owned)
    if (counts_now && !(counted_before && granted_before_.contains(y)))
      hold(y, who, value->lifecycle, now);
  judge(who, x, now);
}

/// Whether the incarnation that the record names has ended, by what the heartbeat shows.
void handoff_timing::judge(const worker_id& who, holder& x, time_point now) {
  if (!x.beat || x.shown->worker_nonce.value.empty())
    return;
  auto same = x.beat->who == x.shown->worker_nonce;
  auto ended = !same || !is_living(x.beat->state);
  if (!ended)
    x.heard_at = x.beat->seen_at;
  if (ended == x.ended_at.has_value())
    return;
  if (!ended) {
    x.ended_at.reset();
    for (auto y : x.shown->owned)
      hold(y, who, x.shown->lifecycle, now);
    return;
  }
  auto goodbye =
      x.beat->state == beat_state::stopped || x.beat->state == beat_state::restarting;
  auto since = x.beat->seen_at;
  // A mark, or the incarnation that replaced it, does not show when its work ended.
  if (!(same && goodbye) && x.heard_at)
    since = *x.heard_at;
  x.ended_at = since;
  for (auto y : x.shown->owned)
    drop(y, since);
}

void handoff_timing::hand_over(const worker_id& who, const numbered_record& before,
                               const numbered_record& after, time_point now) {
  revoked_before_.assign(before.given_up);
  revoked_.assign(after.given_up);
  for (auto y : after.given_up) {
    if (revoked_before_.contains(y))
      continue;
    auto& x = at(y);
    x.revoked_at = now;
    if (x.owner.value.empty())
      x.owner = who;
  }
  for (auto y : before.given_up) {
    if (revoked_.contains(y))
      continue;
    auto& x = at(y);
    auto since = std::exchange(x.revoked_at, std::nullopt);
    if (granted_.contains(y) || !since)
      continue; // Its owner has it back, or it has ended.
    x.confirmed_at = now;
    if (!counts())
      continue;
    news_.confirm.add(now - *since);
    has_news_ = true;
  }
}

void handoff_timing::hold(partition_number number, const worker_id& who,
                          partita::lifecycle why, time_point now) {
  auto& x = at(number);
  auto moved = x.owner != who;
  x.owner = who;
  auto confirmed = std::exchange(x.confirmed_at, std::nullopt);
  auto free = std::exchange(x.free_since, std::nullopt);
  if (x.grants++ == 0 && x.listed)
    --news_.unowned;
  has_news_ = true;
  if (!counts())
    return;
  if (moved)
    ++news_.moves.at(static_cast<std::size_t>(why));
  if (confirmed)
    news_.grant.add(now - *confirmed);
  if (free)
    news_.unowned_for.add(now - *free);
}

void handoff_timing::drop(partition_number number, time_point since) {
  auto& x = at(number);
  assert(x.grants > 0);
  if (--x.grants != 0)
    return;
  x.free_since = since;
  if (x.listed)
    ++news_.unowned;
  has_news_ = true;
}

handoff_timing::place& handoff_timing::at(partition_number x) {
  if (x >= places_.size())
    places_.resize(x + 1);
  return places_[x];
}

// -- plans ------------------------------------------------------------------------------

void handoff_timing::follow_plans(const coordinator::commands& done, time_point now) {
  auto planned_now = false;
  for (const auto& x : done) {
    if (const auto* y = std::get_if<coordinator::planned>(&x)) {
      planned_now = true;
      plan_ = {y->lifecycle, plan_ ? plan_->since : now};
    } else if (const auto* z = std::get_if<coordinator::show_phase>(&x)) {
      phase_ = z->phase;
    }
  }
  if (!plan_ || phase_ != worker_state::stable)
    return;
  auto done_plan = *std::exchange(plan_, std::nullopt);
  if (planned_now && done_plan.since == now)
    return; // There was nothing to do.
  news_.rebalance.at(static_cast<std::size_t>(done_plan.why)).add(now - done_plan.since);
  has_news_ = true;
}

} // namespace partita::core
