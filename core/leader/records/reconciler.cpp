// SPDX-License-Identifier: Apache-2.0
#include "partita/core/leader/records/reconciler.hpp"

#include "partita/core/leader/records/record_facts.hpp"
#include "partita/messages/failpoint.hpp"

#include <algorithm>
#include <utility>

namespace partita::core {

reconciler::reconciler(options opts, const membership& members, partition_index& index)
    : options_{std::move(opts)},
      members_{members},
      writing_{options_.epoch, options_.pause, index},
      drafts_{{options_.epoch, options_.leader}, members, goals_, holders_, slots_},
      hold_{members} {}

// -- what the watch shows ---------------------------------------------------------------

reconciler::commands reconciler::shown(const worker_id& who, revision seen,
                                       const decoded<record_ptr>& value, time_point now) {
  auto& x = at(who);
  if (x.present && seen <= x.revision)
    return {};
  const auto* found = std::get_if<record_ptr>(&value);
  auto goes_back = found && x.readable() && stamp_of(**found) < stamp_of(*x.value);
  x.present = true;
  x.clean = false;
  if (found)
    writing_.saw((*found)->version);
  if (goes_back)
    x.voided =
        true; // A worker that applied what was there before ignores it and works on.
  else if (found)
    take(x, *found, seen);
  else
    lose(who, x, now);
  x.revision = seen;
  look(who, x, now);
  account_for(who, x);
  mark(who);
  return worked(now);
}

void reconciler::take(slot& x, const record_ptr& found, revision seen) {
  x.voided = false;
  auto ours = seen == x.written || (x.writer.busy() && same(found, x.under_way));
  // What others wrote in between is not known: what is being revoked counts from here.
  if (!ours && !failpoint(rule::revocation_start_kept))
    x.revoked.clear();
  if (!x.value || !same(found, x.value))
    x.value = ours && x.under_way && same(found, x.under_way) ? x.under_way : found;
  x.newest = std::max(x.newest, found->version);
  // A store that lost writes gives their revisions again: an older leader has hit a
  // record that it never saw, and now knows the revision of that record.
  if (replayed_ && found->epoch.value > 0 && found->epoch < options_.epoch
      && !failpoint(rule::no_sealing)) {
    x.unsealed = true;
    sealed_ = false;
  }
}

reconciler::commands reconciler::gone(const worker_id& who, time_point now) {
  auto i = slots_.find(who);
  if (i == slots_.end() || !i->second.present)
    return {};
  auto& x = i->second;
  x.present = false;
  lose(who, x, now);
  look(who, x, now);
  note(x);
  return worked(now);
}

reconciler::commands reconciler::vanished(const worker_id& who, const beat& pulse,
                                          time_point now) {
  // An incarnation that has applied nothing may be about to: only that one is waited for.
  if (pulse.applied != stamp{})
    hold_.record_lost(now);
  // It may have joined on a record that it cannot read, and then does not follow any.
  auto x = slots_.find(who);
  auto unreadable = x != slots_.end() && x->second.present && !x->second.value;
  hold_.unrecorded(who, pulse.nonce, pulse.applied,
                   unreadable ? now : now + options_.handoff_timeout);
  return {};
}

/// What the record says is not known any more.
void reconciler::lose(const worker_id& who, slot& x, time_point now) {
  hold_.record_lost(now);
  if (x.value && !x.value->worker_nonce.value.empty())
    hold_.unrecorded(who, x.value->worker_nonce, stamp_of(*x.value),
                     now + options_.handoff_timeout);
  x.lose();
}

/// Whether what it may work on is known again.
void reconciler::account_for(const worker_id& who, const slot& x) {
  const auto* pulse = members_.living(who);
  if (pulse && x.readable() && hold_.forget(who, *pulse, *x.value))
    mark_all();
}

/// Until all have ended, or follow a record again, nothing is granted.
void reconciler::check_unrecorded(time_point now) {
  if (hold_.forget_ended(now))
    mark_all();
  for (auto& [who, incarnation] : hold_.overdue(now))
    out_.emplace_back(overdue{who, incarnation});
}

void reconciler::note_format(const beat* pulse) {
  if (!pulse || pulse->record_format >= format_)
    return;
  format_ = pulse->record_format;
  if (!replayed_)
    return;
  for (auto& [who, x] : slots_)
    x.unsealed = x.unsealed || (x.readable() && holds_any(*x.value));
  sealed_ = false;
  mark_all();
}

reconciler::commands reconciler::replayed(time_point now) {
  if (replayed_)
    return {};
  replayed_ = true;
  for (auto& [who, x] : slots_)
    x.unsealed =
        x.readable() && x.value->epoch < options_.epoch && !failpoint(rule::no_sealing);
  mark_all();
  return worked(now);
}

/// What follows from what a record says now.
void reconciler::look(const worker_id& who, slot& x, time_point now) {
  x.look(members_.living(who), now);
  note_holds(who, x);
}

/// Keeps who holds what, and how many partitions are being revoked; when that falls, the
/// workers that wait for their turn may go on.
void reconciler::note_holds(const worker_id& who, slot& x) {
  auto next = x.holding();
  if (next == x.noted)
    return;
  x.noted = std::move(next);
  auto before = std::exchange(x.moving, x.moves());
  moving_ += x.moving;
  moving_ -= before;
  if (x.moving < before)
    marked_.merge(held_back_);
  std::vector<partition_number> held;
  const numbered_record* last = nullptr;
  for (const auto* y : {x.noted.first.get(), x.noted.second.get()}) {
    // A seal names what the record names.
    if (!y || (last && last->owned == y->owned && last->given_up == y->given_up))
      continue;
    last = y;
    held.insert(held.end(), y->owned.begin(), y->owned.end());
    held.insert(held.end(), y->given_up.begin(), y->given_up.end());
  }
  for (auto freed : holders_.hold(who, held))
    if (const auto* owner = goals_.owners().of(freed))
      mark(*owner);
}

void reconciler::note(slot& x) {
  wakes_.set(x, x.wake_at(options_.handoff_timeout));
  unsettled_ -= std::exchange(x.counted, !x.settled());
  unsettled_ += x.counted;
  unsealed_ -= std::exchange(x.counted_unsealed, x.unsealed);
  unsealed_ += x.unsealed;
}

// -- what the leader wants --------------------------------------------------------------

reconciler::commands reconciler::want(target next, partita::lifecycle why, time_point now,
                                      const reasons& because) {
  format_ = members_.record_format();
  auto was_known = goals_.known();
  for (const auto& who : goals_.want(std::move(next), why, because)) {
    mark(who);
    if (auto i = slots_.find(who); i != slots_.end()) {
      i->second.wanted = goals_.of(who).size();
      i->second.as_wanted.reset();
    }
  }
  // A record that says what is wanted, and of which nothing else is wanted now, stays.
  for (const auto& [who, x] : slots_)
    if (!was_known || !x.settled() || !x.as_wanted || x.as_wanted != x.value)
      mark(who);
  return worked(now);
}

reconciler::commands reconciler::reserve(std::vector<worker_id> standbys,
                                         time_point now) {
  if (standbys == goals_.standbys())
    return {};
  for (const auto* all : {&goals_.standbys(), &std::as_const(standbys)})
    for (const auto& who : *all)
      if (auto i = slots_.find(who); i != slots_.end()) {
        i->second.as_wanted.reset();
        mark(who);
      }
  goals_.reserve(std::move(standbys));
  return worked(now);
}

reconciler::commands reconciler::look_again(time_point now) {
  mark_all();
  return worked(now);
}

reconciler::commands reconciler::touch(const worker_id& who, time_point now) {
  mark(who);
  return heard(who, now);
}

reconciler::commands reconciler::heard(const worker_id& who, time_point now) {
  if (auto i = slots_.find(who); i != slots_.end())
    account_for(who, i->second);
  check_unrecorded(now);
  note_format(members_.living(who));
  work(now);
  follow(who, now);
  return std::exchange(out_, {});
}

void reconciler::follow(const worker_id& who, time_point now) {
  auto i = slots_.find(who);
  if (i == slots_.end())
    return;
  i->second.follow(members_.living(who), now);
  check_overdue(who, i->second, now);
  note(i->second);
}

// -- work -------------------------------------------------------------------------------

void reconciler::mark(const worker_id& who) {
  marked_.insert(who);
}

void reconciler::mark_all() {
  for (const auto& [who, x] : slots_)
    marked_.insert(who);
}

reconciler::commands reconciler::worked(time_point now) {
  work(now);
  return std::exchange(out_, {});
}

void reconciler::work(time_point now) {
  if (auto until = hold_.until(); until && now < *until)
    held_ = true;
  while (!marked_.empty()) {
    auto who = marked_.extract(marked_.begin()).value();
    if (auto i = slots_.find(who); i != slots_.end()) {
      push(who, i->second, now);
      note(i->second);
    }
  }
  if (sealed_ || !replayed_ || unsealed_ != 0)
    return;
  sealed_ = true;
  out_.emplace_back(sealed{});
  mark_all();
  work(now);
}

void reconciler::push(const worker_id& who, slot& x, time_point now) {
  if (!may_write(x, now))
    return;
  auto seals = x.unsealed || x.voided;
  auto [next, held_back, as_wanted] =
      seals ? record_drafts::draft{drafts_.sealed(*x.value)} : wanted(who, x, now);
  if (held_back)
    held_back_.insert(who);
  x.clean = !next;
  if (!seals)
    x.as_wanted = as_wanted && !next ? x.value : nullptr;
  if (!next)
    return;
  x.sealing = x.unsealed;
  if (!x.sealing && !writing_.give_version(x, *next, now)) {
    x.clean = false;
    out_.emplace_back(complain{who,
                               "its next version would be more than one day ahead of "
                               "the server's clock; it waits"});
    return;
  }
  auto first = writing_.begin(x, std::move(*next), now);
  if (as_wanted)
    x.as_wanted = x.under_way;
  note_holds(who, x);
  carry_out(who, x, first, now);
}

bool reconciler::may_write(const slot& x, time_point now) const {
  return replayed_ && (sealed_ || x.unsealed) && x.present && !x.writer.busy()
         && x.revision >= x.written && (!x.retry_at || now >= *x.retry_at);
}

record_drafts::draft reconciler::wanted(const worker_id& who, const slot& x,
                                        time_point now) {
  record_drafts::permission may{.grants = sealed_ && hold_.is_over(now)};
  if (options_.max_moves != 0)
    may.moves = options_.max_moves - std::min(options_.max_moves, moving_);
  return drafts_.of(who, x, may, now);
}

// -- answers ----------------------------------------------------------------------------

reconciler::commands reconciler::answered(const worker_id& who, const kv_written& answer,
                                          time_point now) {
  auto& x = at(who);
  return follow_up(who, x, writing_.answered(x, answer, now), now);
}

reconciler::commands reconciler::looked(const worker_id& who, const kv_read& answer,
                                        time_point now) {
  auto& x = at(who);
  return follow_up(who, x, writing_.looked(x, answer, now), now);
}

reconciler::commands reconciler::follow_up(const worker_id& who, slot& x,
                                           const record_writing::result& done,
                                           time_point now) {
  carry_out(who, x, done, now);
  note(x);
  return worked(now);
}

reconciler::commands reconciler::tick(time_point now) {
  check_unrecorded(now);
  for (auto& [who, x] : slots_) {
    carry_out(who, x, writing_.tick(x, now), now);
    if (x.retry_at && now >= *x.retry_at) {
      x.retry_at.reset();
      mark(who);
    }
  }
  if (auto until = hold_.until(); held_ && !(until && now < *until)) {
    held_ = false;
    mark_all();
  }
  work(now);
  for (auto& [who, x] : slots_) {
    check_overdue(who, x, now);
    note(x);
  }
  return std::exchange(out_, {});
}

void reconciler::carry_out(const worker_id& who, slot& x,
                           const record_writing::result& done, time_point now) {
  using outcome = record_writing::outcome;
  switch (done.what) {
  case outcome::waits:
    return;
  case outcome::write:
    out_.emplace_back(write{who, x.under_way, done.expected, format_});
    return;
  case outcome::read:
    out_.emplace_back(read{who});
    return;
  case outcome::landed:
    look(who, x, now);
    break;
  case outcome::failed:
    break;
  }
  note_holds(who, x);
  mark(who);
}

void reconciler::check_overdue(const worker_id& who, slot& x, time_point now) {
  auto late = x.late(options_.handoff_timeout, now);
  if (late == 0 && !x.lags(options_.handoff_timeout, now))
    return;
  x.overdue = true;
  const auto* pulse = members_.living(who);
  if (!x.value || !pulse || pulse->nonce != x.value->worker_nonce)
    return; // It has ended, is fenced already, or its heartbeat was not seen.
  out_.emplace_back(overdue{who, x.value->worker_nonce, late});
}

reconciler::slot& reconciler::at(const worker_id& who) {
  auto [i, is_new] = slots_.try_emplace(who, options_.pause);
  if (is_new)
    i->second.wanted = goals_.of(who).size();
  return i->second;
}

// -- for planning and for people --------------------------------------------------------

bool reconciler::has_record(const worker_id& who) const {
  auto i = slots_.find(who);
  return i != slots_.end() && i->second.readable();
}

const record& reconciler::record_of(const worker_id& who) const {
  return *slots_.at(who).value;
}

} // namespace partita::core
