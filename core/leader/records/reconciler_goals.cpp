// SPDX-License-Identifier: Apache-2.0
#include "partita/core/leader/records/reconciler.hpp"
#include "partita/core/leader/records/record_facts.hpp"
#include "partita/messages/failpoint.hpp"

#include <algorithm>
#include <utility>

// What each record must say; when and how that is written is in reconciler.cpp.
namespace partita::core {

namespace {

/// From now on `x` is for the incarnation of this heartbeat.
void address(record& x, const beat& pulse) {
  x.worker_nonce = pulse.nonce;
  x.terms = pulse.terms;
}

/// Whether the worker may be given partitions. A draining one is not in the plan that
/// follows at once, but until then the previous plan could give it some.
bool takes(const beat& pulse) {
  return pulse.state != beat_state::draining || failpoint(rule::draining_granted);
}

} // namespace

const std::vector<partition>& reconciler::goal_of(const worker_id& who) const {
  static const std::vector<partition> nothing;
  if (!target_)
    return nothing;
  auto i = target_->find(who);
  return i == target_->end() ? nothing : i->second;
}

std::uint32_t reconciler::standby_of(const worker_id& who) const {
  auto i = std::find(standbys_.begin(), standbys_.end(), who);
  return i == standbys_.end() ? 0 : static_cast<std::uint32_t>(i - standbys_.begin()) + 1;
}

record reconciler::sealed_copy(const slot& x) const {
  auto result = *x.value;
  result.epoch = options_.epoch;
  result.leader = options_.leader;
  return result;
}

record reconciler::draft(const slot& x) const {
  record result;
  result.lifecycle = lifecycle_;
  result.epoch = options_.epoch;
  result.leader = options_.leader;
  if (x.value) {
    result.worker_nonce = x.value->worker_nonce;
    result.terms = x.value->terms;
  }
  return result;
}

std::optional<record> reconciler::wanted(const worker_id& who, const slot& x,
                                         time_point now) {
  if (!x.value) {
    // Its worker has certainly stopped only after the hold. Until it can be read no
    // worker takes part by it, so there may be no target yet because of it.
    if (!may_grant(now))
      return std::nullopt;
    auto result = draft(x);
    if (const auto* pulse = members_.living(who))
      address(result, *pulse);
    return result;
  }
  if (!target_)
    return std::nullopt;
  if (!holds_any(*x.value))
    return settle_idle(who, x, now);
  if (members_.ended(who, x.value->worker_nonce, now))
    return settle_ended(who, x, now);
  return settle_owner(who, x, now);
}

/// No leader has to wait for an incarnation that has ended and whose record is empty.
/// Records are never deleted, so the ttl that they state would count for ever.
std::optional<record> reconciler::forget_terms(const worker_id& who, const slot& x,
                                               time_point now) const {
  if (x.value->terms == session_terms{}
      || !members_.ended(who, x.value->worker_nonce, now))
    return std::nullopt;
  auto result = draft(x);
  result.terms = {};
  return result;
}

/// The record names no partition: a live incarnation may be given some at once.
std::optional<record> reconciler::settle_idle(const worker_id& who, const slot& x,
                                              time_point now) const {
  const auto* pulse = members_.living(who);
  if (!pulse)
    return forget_terms(who, x, now);
  if (!may_grant(now))
    return std::nullopt;
  auto result = draft(x);
  address(result, *pulse);
  result.standby = standby_of(who);
  if (takes(*pulse))
    for (const auto& y : goal_of(who))
      if (auto name = name_of(y); is_free(who, name))
        result.partitions.push_back({y, {}, reason_of(name)});
  // A worker that was never given a record needs one that says that it has nothing to do.
  if (x.value->version.value != 0 && says_the_same(*x.value, result))
    return std::nullopt;
  return result;
}

/// The incarnation has ended: what it had has no owner as soon as its record says so.
std::optional<record> reconciler::settle_ended(const worker_id& who, const slot& x,
                                               time_point now) const {
  auto result = draft(x);
  const auto* pulse = members_.living(who);
  if (pulse && takes(*pulse)) {
    if (!may_grant(now))
      return std::nullopt;
    address(result, *pulse);
    result.standby = standby_of(who);
    auto had = index_of(*x.value);
    for (const auto& y : goal_of(who)) {
      auto name = name_of(y);
      if (!is_free(who, name))
        continue;
      auto again = had.contains(name);
      result.partitions.push_back(
          {y, {}, again ? who.value + " joined again" : reason_of(name)});
    }
    return result;
  }
  if (failpoint(rule::orphan_freed_if_heard_only)
      && members_.find(who)->value.program_version.empty())
    return std::nullopt; // The mark was written over nothing.
  // Kept for the incarnation that comes back, if the plan says so.
  auto goal = names_of(goal_of(who));
  for (const auto& y : x.value->partitions)
    if (goal.contains(name_of(y.partition)))
      result.partitions.push_back(y);
  if (says_the_same(*x.value, result))
    return std::nullopt;
  return result;
}

/// The incarnation is alive, or may be: it gives up what it must not have, and keeps the
/// rest undisturbed.
std::optional<record> reconciler::settle_owner(const worker_id& who, const slot& x,
                                               time_point now) {
  const auto* pulse = members_.living(who);
  if (!pulse || pulse->nonce != x.value->worker_nonce)
    return std::nullopt;
  auto result = draft(x);
  result.standby = standby_of(who);
  auto grants = index_of(*x.value);
  auto gains = takes(*pulse) && may_grant(now);
  std::set<std::string> given;
  for (const auto& y : goal_of(who)) {
    auto name = name_of(y);
    auto old = grants.find(name);
    if (old != grants.end())
      result.partitions.push_back({y, old->second->token, old->second->reason});
    else if (gains && is_free(who, name))
      result.partitions.push_back({y, {}, reason_of(name)});
    else
      continue;
    given.insert(std::move(name));
  }
  auto moves = options_.max_moves == 0
                   ? x.value->partitions.size()
                   : options_.max_moves - std::min(options_.max_moves, moving_);
  for (const auto& y : x.value->partitions) {
    auto name = name_of(y.partition);
    if (given.contains(name) || failpoint(rule::grant_before_confirmation)
        || (failpoint(rule::dropped_partition_regranted) && !wanted_by_.contains(name)))
      continue;
    // The worker that must get it could not yet: its owner works on meanwhile.
    if (!may_grant(now) && wanted_by_.contains(name)) {
      result.partitions.push_back(y);
    } else if (moves == 0) {
      result.partitions.push_back(y);
      held_back_.insert(who);
    } else {
      --moves;
      result.revoking.push_back({y.partition, reason_of(name)});
    }
  }
  for (const auto& y : x.value->revoking)
    if (auto name = name_of(y.partition);
        !given.contains(name) && !released(who, x, name, now))
      result.revoking.push_back(y);
  if (says_the_same(*x.value, result))
    return std::nullopt;
  return result;
}

} // namespace partita::core
