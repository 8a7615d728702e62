// SPDX-License-Identifier: Apache-2.0
#include "partita/core/leader/records/record_drafts.hpp"

#include "partita/core/leader/records/record_facts.hpp"
#include "partita/messages/failpoint.hpp"

#include <algorithm>
#include <utility>

namespace partita::core {

namespace {

/// Whether the worker may be given partitions. A draining one is not in the plan that
/// follows at once, but until then the previous plan could give it some.
bool takes(const beat& pulse) {
  return pulse.state != beat_state::draining || failpoint(rule::draining_granted);
}

std::optional<record> if_changed(const record& old, record next) {
  return says_the_same(old, next) ? std::nullopt : std::optional{std::move(next)};
}

} // namespace

record_drafts::draft record_drafts::of(const worker_id& who, const record_slot& x,
                                       permission may, time_point now) const {
  subject of{who, x, members_.living(who), may, now};
  if (!x.value)
    return {unreadable(of)};
  if (!goals_.known())
    return {};
  if (!holds_any(*x.value))
    return {settle_idle(of)};
  if (members_.ended(who, x.value->worker_nonce, now))
    return {settle_ended(of)};
  return settle_owner(of);
}

record record_drafts::sealed(const record& x) const {
  auto result = x;
  result.epoch = by_.epoch;
  result.leader = by_.leader;
  return result;
}

record record_drafts::blank(const subject& x) const {
  record result;
  result.lifecycle = goals_.why();
  result.epoch = by_.epoch;
  result.leader = by_.leader;
  if (x.slot.value) {
    result.worker_nonce = x.slot.value->worker_nonce;
    result.terms = x.slot.value->terms;
  }
  return result;
}

/// For the incarnation that lives.
record record_drafts::addressed(const subject& x) const {
  auto result = blank(x);
  result.worker_nonce = x.pulse->nonce;
  result.terms = x.pulse->terms;
  result.standby = goals_.standby_of(x.who);
  return result;
}

/// Its worker has certainly stopped only after the hold. Until it can be read no worker takes
/// part by it, so there may be no target yet because of it.
std::optional<record> record_drafts::unreadable(const subject& x) const {
  if (!x.may.grants)
    return std::nullopt;
  if (!x.pulse)
    return blank(x);
  auto result = addressed(x);
  result.standby = 0;
  return result;
}

/// No leader has to wait for an incarnation that has ended and whose record is empty.
/// Records are never deleted, so the ttl that they state would count for ever.
std::optional<record> record_drafts::forget_terms(const subject& x) const {
  const auto& value = *x.slot.value;
  if (value.terms == session_terms{} || !members_.ended(x.who, value.worker_nonce, x.now))
    return std::nullopt;
  auto result = blank(x);
  result.terms = {};
  return result;
}

/// The record names no partition: a live incarnation may be given some at once.
std::optional<record> record_drafts::settle_idle(const subject& x) const {
  if (!x.pulse)
    return forget_terms(x);
  if (!x.may.grants)
    return std::nullopt;
  auto result = addressed(x);
  if (takes(*x.pulse))
    for (const auto& y : goals_.of(x.who))
      if (auto name = name_of(y); is_free(x.who, name))
        result.partitions.push_back({y, {}, goals_.reason_of(name)});
  // A worker that was never given a record needs one that says that it has nothing to do.
  if (x.slot.value->version.value == 0)
    return result;
  return if_changed(*x.slot.value, std::move(result));
}

/// The incarnation has ended: what it had has no owner as soon as its record says so.
std::optional<record> record_drafts::settle_ended(const subject& x) const {
  if (x.pulse && takes(*x.pulse))
    return x.may.grants ? std::optional{readdress(x)} : std::nullopt;
  if (failpoint(rule::orphan_freed_if_heard_only)
      && members_.find(x.who)->value.program_version.empty())
    return std::nullopt; // The mark was written over nothing.
  // Kept for the incarnation that comes back, if the plan says so.
  auto result = blank(x);
  auto goal = names_of(goals_.of(x.who));
  for (const auto& y : x.slot.value->partitions)
    if (goal.contains(name_of(y.partition)))
      result.partitions.push_back(y);
  return if_changed(*x.slot.value, std::move(result));
}

/// The record of one that ended, for the incarnation that lives.
record record_drafts::readdress(const subject& x) const {
  auto result = addressed(x);
  auto had = index_of(*x.slot.value);
  for (const auto& y : goals_.of(x.who)) {
    auto name = name_of(y);
    if (!is_free(x.who, name))
      continue;
    auto again = had.contains(name);
    result.partitions.push_back(
        {y, {}, again ? x.who.value + " joined again" : goals_.reason_of(name)});
  }
  return result;
}

/// The incarnation is alive, or may be: it gives up what it must not have, and keeps the
/// rest undisturbed.
record_drafts::draft record_drafts::settle_owner(const subject& x) const {
  const auto& value = *x.slot.value;
  if (!x.pulse || x.pulse->nonce != value.worker_nonce)
    return {};
  auto result = blank(x);
  result.standby = goals_.standby_of(x.who);
  auto given = keep_and_grant(x, result);
  auto held_back = give_up(x, given, result);
  for (const auto& y : value.revoking)
    if (auto name = name_of(y.partition); !given.contains(name) && !released(x, name))
      result.revoking.push_back(y);
  return {if_changed(value, std::move(result)), held_back};
}

/// What it must have and has, or may get. Returns the names.
std::set<std::string> record_drafts::keep_and_grant(const subject& x, record& to) const {
  auto grants = index_of(*x.slot.value);
  auto gains = takes(*x.pulse) && x.may.grants;
  std::set<std::string> given;
  for (const auto& y : goals_.of(x.who)) {
    auto name = name_of(y);
    auto old = grants.find(name);
    if (old != grants.end())
      to.partitions.push_back({y, old->second->token, old->second->reason});
    else if (gains && is_free(x.who, name))
      to.partitions.push_back({y, {}, goals_.reason_of(name)});
    else
      continue;
    given.insert(std::move(name));
  }
  return given;
}

/// What it has and must not have. Returns whether some of that waits for its turn.
bool record_drafts::give_up(const subject& x, const std::set<std::string>& given,
                            record& to) const {
  auto moves = x.may.moves;
  auto held_back = false;
  for (const auto& y : x.slot.value->partitions) {
    auto name = name_of(y.partition);
    auto wanted = goals_.owner_of(name) != nullptr;
    if (given.contains(name) || failpoint(rule::grant_before_confirmation)
        || (failpoint(rule::dropped_partition_regranted) && !wanted))
      continue;
    // The worker that must get it could not yet: its owner works on meanwhile.
    if (!x.may.grants && wanted) {
      to.partitions.push_back(y);
    } else if (moves == 0) {
      to.partitions.push_back(y);
      held_back = true;
    } else {
      --moves;
      to.revoking.push_back({y.partition, goals_.reason_of(name)});
    }
  }
  return held_back;
}

bool record_drafts::is_free(const worker_id& who, const std::string& name) const {
  const auto& holders = holders_.of(name);
  return std::all_of(holders.begin(), holders.end(), [&](const auto& holder) {
    if (holder == who)
      return true;
    if (!failpoint(rule::grant_before_emptied))
      return false;
    const auto& x = slots_.at(holder);
    return x.value && members_.ended(holder, x.value->worker_nonce, {});
  });
}

/// Whether the incarnation that the record names has stopped this.
bool record_drafts::released(const subject& x, const std::string& name) const {
  const auto& incarnation = x.slot.value->worker_nonce;
  if (members_.ended(x.who, incarnation, x.now))
    return true;
  if (!x.pulse || x.pulse->nonce != incarnation)
    return false;
  auto i = x.slot.revoked.find(name);
  return i != x.slot.revoked.end() && x.pulse->applied >= i->second.since
         && std::none_of(x.pulse->stopping.begin(), x.pulse->stopping.end(),
                         [&](const auto& y) { return name_of(y) == name; });
}

} // namespace partita::core
