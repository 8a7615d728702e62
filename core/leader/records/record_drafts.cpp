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

std::optional<numbered_record> if_changed(const numbered_record& old,
                                          numbered_record next) {
  return says_the_same(old, next) ? std::nullopt : std::optional{std::move(next)};
}

/// The grant that is at this place in another record.
void keep(const numbered_record& from, std::size_t place, numbered_record& to) {
  to.partitions.push_back(from.partitions[place]);
  to.owned.push_back(from.owned[place]);
}

void give_up_one(const partition& what, partition_number number,
                 const std::string& reason, numbered_record& to) {
  to.revoking.push_back({what, reason});
  to.given_up.push_back(number);
}

} // namespace

record_drafts::draft record_drafts::of(const worker_id& who, const record_slot& x,
                                       permission may, time_point now) {
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

numbered_record record_drafts::sealed(const numbered_record& x) const {
  auto result = x;
  result.epoch = by_.epoch;
  result.leader = by_.leader;
  return result;
}

numbered_record record_drafts::blank(const subject& x) const {
  numbered_record result;
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
numbered_record record_drafts::addressed(const subject& x) const {
  auto result = blank(x);
  result.worker_nonce = x.pulse->nonce;
  result.terms = x.pulse->terms;
  result.standby = goals_.standby_of(x.who);
  return result;
}

/// Its worker has certainly stopped only after the hold. Until it can be read no worker takes
/// part by it, so there may be no target yet because of it.
std::optional<numbered_record> record_drafts::unreadable(const subject& x) const {
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
std::optional<numbered_record> record_drafts::forget_terms(const subject& x) const {
  const auto& value = *x.slot.value;
  if (value.terms == session_terms{} || !members_.ended(x.who, value.worker_nonce, x.now))
    return std::nullopt;
  auto result = blank(x);
  result.terms = {};
  return result;
}

/// The record names no partition: a live incarnation may be given some at once.
std::optional<numbered_record> record_drafts::settle_idle(const subject& x) const {
  if (!x.pulse)
    return forget_terms(x);
  if (!x.may.grants)
    return std::nullopt;
  auto result = addressed(x);
  if (takes(*x.pulse))
    for (auto place : goals_.of(x.who))
      if (auto number = goals_.number_at(place); is_free(x.who, number))
        add_grant(place, goals_.reason_of(number), result);
  // A worker that was never given a record needs one that says that it has nothing to do.
  if (x.slot.value->version.value == 0)
    return result;
  return if_changed(*x.slot.value, std::move(result));
}

/// The incarnation has ended: what it had has no owner as soon as its record says so.
std::optional<numbered_record> record_drafts::settle_ended(const subject& x) {
  if (x.pulse && takes(*x.pulse))
    return x.may.grants ? std::optional{readdress(x)} : std::nullopt;
  if (failpoint(rule::orphan_freed_if_heard_only)
      && members_.find(x.who)->value.program_version.empty())
    return std::nullopt; // The mark was written over nothing.
  // Kept for the incarnation that comes back, if the plan says so.
  auto result = blank(x);
  const auto& value = *x.slot.value;
  given_.clear();
  for (auto place : goals_.of(x.who))
    given_.set(goals_.number_at(place), place);
  for (std::size_t i = 0; i < value.owned.size(); ++i)
    if (given_.contains(value.owned[i]))
      keep(value, i, result);
  return if_changed(value, std::move(result));
}

/// The record of one that ended, for the incarnation that lives.
numbered_record record_drafts::readdress(const subject& x) {
  auto result = addressed(x);
  had_.assign(x.slot.value->owned);
  auto again = x.who.value + " joined again";
  for (auto place : goals_.of(x.who))
    if (auto number = goals_.number_at(place); is_free(x.who, number))
      add_grant(place, had_.contains(number) ? again : goals_.reason_of(number), result);
  return result;
}

/// The incarnation is alive, or may be: it gives up what it must not have, and keeps the
/// rest undisturbed.
record_drafts::draft record_drafts::settle_owner(const subject& x) {
  const auto& value = *x.slot.value;
  if (!x.pulse || x.pulse->nonce != value.worker_nonce)
    return {};
  if (x.slot.as_wanted == x.slot.value)
    return {.next = std::nullopt, .as_wanted = true};
  auto standby = goals_.standby_of(x.who);
  auto stays = find_lacking(x) && value.standby == standby && value.revoking.empty();
  if (stays && lacking_.empty())
    return {.next = std::nullopt, .as_wanted = true};
  auto gains = takes(*x.pulse) && x.may.grants;
  auto waits = std::erase_if(lacking_, [&](auto place) {
    return !gains || !is_free(x.who, goals_.number_at(place));
  });
  if (stays && lacking_.empty())
    return {}; // Most of the time: this comes before all copies.
  auto result = blank(x);
  result.standby = standby;
  auto held_back = keep_or_give_up(x, result);
  for (auto place : lacking_) {
    auto number = goals_.number_at(place);
    add_grant(place, goals_.reason_of(number), result);
    given_.set(number, place);
  }
  keep_giving_up(x, result);
  auto as_wanted = waits == 0 && result.revoking.empty()
                   && result.owned.size() == goals_.of(x.who).size();
  return {if_changed(value, std::move(result)), held_back, as_wanted};
}

/// Finds what the record lacks of its goal. Returns whether the rest of it is as wanted.
bool record_drafts::find_lacking(const subject& x) {
  const auto& value = *x.slot.value;
  const auto& goal = goals_.of(x.who);
  lacking_.clear();
  had_.assign(value.owned);
  auto same = true;
  for (auto place : goal)
    if (auto i = had_.at(goals_.number_at(place)); i == number_map::none)
      lacking_.push_back(place);
    else
      same = same && value.partitions[i].partition == goals_.partition_at(place);
  return same && value.owned.size() + lacking_.size() == goal.size();
}

/// What it has: keeps what it must have, in the same order, and gives up the rest. Returns
/// whether some of that waits for its turn.
bool record_drafts::keep_or_give_up(const subject& x, numbered_record& to) {
  const auto& value = *x.slot.value;
  auto moves = x.may.moves;
  auto held_back = false;
  given_.clear();
  wanted_.clear();
  for (auto place : goals_.of(x.who))
    wanted_.set(goals_.number_at(place), place);
  to.partitions.reserve(value.owned.size() + lacking_.size());
  to.owned.reserve(value.owned.size() + lacking_.size());
  for (std::size_t i = 0; i < value.owned.size(); ++i) {
    auto number = value.owned[i];
    if (given_.contains(number))
      continue;
    if (auto place = wanted_.at(number); place != number_map::none) {
      keep(value, i, to);
      to.partitions.back().partition = goals_.partition_at(place);
      given_.set(number, 1);
      continue;
    }
    auto wanted = goals_.owners().of(number) != nullptr;
    if (failpoint(rule::grant_before_confirmation)
        || (failpoint(rule::dropped_partition_regranted) && !wanted))
      continue;
    // The worker that must get it could not yet: its owner works on meanwhile.
    if (!x.may.grants && wanted) {
      keep(value, i, to);
    } else if (moves == 0) {
      keep(value, i, to);
      held_back = true;
    } else {
      --moves;
      give_up_one(value.partitions[i].partition, number, goals_.reason_of(number), to);
    }
  }
  return held_back;
}

/// What it still has to confirm.
void record_drafts::keep_giving_up(const subject& x, numbered_record& to) const {
  const auto& value = *x.slot.value;
  if (value.revoking.empty())
    return;
  auto goes_on = stopping(x);
  for (std::size_t i = 0; i < value.revoking.size(); ++i) {
    const auto& y = value.revoking[i];
    if (!given_.contains(value.given_up[i])
        && !released(x, value.given_up[i], name_of(y.partition), goes_on))
      give_up_one(y.partition, value.given_up[i], y.reason, to);
  }
}

void record_drafts::add_grant(std::uint32_t place, const std::string& reason,
                              numbered_record& to) const {
  to.partitions.push_back({goals_.partition_at(place), {}, reason});
  to.owned.push_back(goals_.number_at(place));
}

bool record_drafts::is_free(const worker_id& who, partition_number x) const {
  const auto& holders = holders_.of(x);
  return std::all_of(holders.begin(), holders.end(), [&](const auto* holder) {
    if (*holder == who)
      return true;
    if (!failpoint(rule::grant_before_emptied))
      return false;
    const auto& y = slots_.at(*holder);
    return y.value && members_.ended(*holder, y.value->worker_nonce, {});
  });
}

/// The names of what the incarnation says that it has yet to stop.
std::set<std::string> record_drafts::stopping(const subject& x) const {
  std::set<std::string> result;
  for (const auto& y : x.pulse->stopping)
    result.insert(name_of(y));
  return result;
}

/// Whether the incarnation that the record names has stopped this.
bool record_drafts::released(const subject& x, partition_number number,
                             const std::string& name,
                             const std::set<std::string>& stopping) const {
  auto i = x.slot.revoked.find(number);
  return i != x.slot.revoked.end() && x.pulse->applied >= i->second.since
         && !stopping.contains(name);
}

} // namespace partita::core
