// SPDX-License-Identifier: Apache-2.0
#include "partita/core/leader/records/reconciler.hpp"

#include "partita/core/leader/records/record_facts.hpp"
#include "partita/messages/failpoint.hpp"

#include <algorithm>
#include <utility>

namespace partita::core {

reconciler::reconciler(options opts, const membership& members)
    : options_{std::move(opts)}, members_{members}, hold_{members} {}

// -- what the watch shows ---------------------------------------------------------------

reconciler::commands reconciler::shown(const worker_id& who, revision seen,
                                       const decoded<record>& value, time_point now) {
  out_.clear();
  auto& x = at(who);
  if (x.present && seen <= x.revision)
    return {};
  const auto* found = std::get_if<record>(&value);
  auto goes_back = found && x.present && x.value && stamp_of(*found) < stamp_of(*x.value);
  x.present = true;
  x.clean = false;
  if (goes_back) {
    // Void: a worker that applied what was there before ignores it and works on.
    x.voided = true;
    newest_ = std::max(newest_, found->version);
  } else if (found) {
    x.voided = false;
    auto ours = seen == x.written || (x.writer.busy() && *found == x.under_way);
    // What others wrote in between is not known: what is being revoked counts from here.
    if (!ours && !failpoint(rule::revocation_start_kept))
      x.revoked.clear();
    x.value = *found;
    x.newest = std::max(x.newest, found->version);
    newest_ = std::max(newest_, found->version);
    // A store that lost writes gives their revisions again: an older leader has hit a
    // record that it never saw, and now knows the revision of that record.
    if (replayed_ && found->epoch.value > 0 && found->epoch < options_.epoch
        && !failpoint(rule::no_sealing)) {
      x.unsealed = true;
      sealed_ = false;
    }
  } else {
    lose(who, x, now);
  }
  x.revision = seen;
  look(who, x, now);
  account_for(who, x);
  mark(who);
  work(now);
  return std::move(out_);
}

reconciler::commands reconciler::gone(const worker_id& who, time_point now) {
  out_.clear();
  auto i = slots_.find(who);
  if (i == slots_.end() || !i->second.present)
    return {};
  auto& x = i->second;
  x.present = false;
  lose(who, x, now);
  look(who, x, now);
  work(now);
  return std::move(out_);
}

reconciler::commands reconciler::vanished(const worker_id& who, const beat& pulse,
                                          time_point now) {
  out_.clear();
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
  x.value.reset();
  x.revoked.clear();
  x.unsealed = x.voided = false;
}

/// Whether what it may work on is known again.
void reconciler::account_for(const worker_id& who, const slot& x) {
  const auto* pulse = members_.living(who);
  if (pulse && x.present && x.value && hold_.forget(who, *pulse, *x.value))
    mark_all();
}

/// Until all have ended, or follow a record again, nothing is granted.
void reconciler::check_unrecorded(time_point now) {
  if (hold_.forget_ended(now))
    mark_all();
  for (auto& [who, incarnation] : hold_.overdue(now))
    out_.emplace_back(overdue{who, incarnation});
}

reconciler::commands reconciler::replayed(time_point now) {
  out_.clear();
  if (replayed_)
    return {};
  replayed_ = true;
  for (auto& [who, x] : slots_)
    x.unsealed = x.present && x.value && x.value->epoch < options_.epoch
                 && !failpoint(rule::no_sealing);
  mark_all();
  work(now);
  return std::move(out_);
}

/// What follows from what a record says now.
void reconciler::look(const worker_id& who, slot& x, time_point now) {
  static const record nothing;
  const auto& value = x.value ? *x.value : nothing;
  auto names = names_of(value.revoking);
  std::erase_if(x.revoked, [&](const auto& y) {
    return !names.contains(y.first) && !failpoint(rule::revocation_start_kept);
  });
  for (const auto& name : names)
    x.revoked.try_emplace(name, slot::revocation{stamp_of(value), now});
  follow(who, x, now);
  if (names.empty() && !x.behind)
    x.overdue = false;
  index(who, x);
}

/// A grant may wait only for a worker that follows its record.
void reconciler::follow(const worker_id& who, slot& x, time_point now) {
  const auto* pulse = members_.living(who);
  auto follows = !pulse || !x.value || pulse->nonce != x.value->worker_nonce
                 || x.value->partitions.empty() || pulse->applied >= stamp_of(*x.value);
  if (follows)
    x.behind.reset();
  else if (!x.behind || pulse->applied >= x.behind->since)
    x.behind = slot::revocation{stamp_of(*x.value), now};
}

void reconciler::index(const worker_id& who, slot& x) {
  count_moves(x);
  std::set<std::string> next;
  if (x.value)
    add_names(next, *x.value);
  if (x.writer.busy())
    add_names(next, x.under_way);
  for (const auto& name : x.holds) {
    if (next.contains(name))
      continue;
    auto i = holders_.find(name);
    i->second.erase(who);
    if (!i->second.empty())
      continue;
    holders_.erase(i);
    if (auto w = wanted_by_.find(name); w != wanted_by_.end())
      mark(w->second);
  }
  for (const auto& name : next)
    holders_[name].insert(who);
  x.holds = std::move(next);
}

/// Keeps the number of partitions that are being revoked; when it falls, the workers that
/// wait for their turn may go on.
void reconciler::count_moves(slot& x) {
  std::size_t next = 0;
  if (x.writer.busy())
    next = x.under_way.revoking.size();
  else if (x.value)
    next = x.value->revoking.size();
  auto before = std::exchange(x.moving, next);
  moving_ += next;
  moving_ -= before;
  if (next < before)
    marked_.merge(held_back_);
}

// -- what the leader wants --------------------------------------------------------------

reconciler::commands reconciler::want(target next, partita::lifecycle why, time_point now,
                                      const reasons& because) {
  out_.clear();
  auto before = std::exchange(wanted_by_, {});
  target_ = std::move(next);
  lifecycle_ = why;
  for (const auto& [who, goal] : *target_)
    for (const auto& x : goal)
      wanted_by_.emplace(name_of(x), who);
  note_reasons(before, because);
  for (auto& [who, x] : slots_)
    x.wanted = goal_of(who).size();
  mark_all();
  work(now);
  return std::move(out_);
}

/// A change counts from the plan that made it, however much later it can be carried out.
void reconciler::note_reasons(const std::unordered_map<std::string, worker_id>& before,
                              const reasons& because) {
  auto all = std::make_shared<const std::string>(because.all);
  for (const auto& [name, who] : wanted_by_) {
    auto i = before.find(name);
    if (i != before.end() && i->second == who)
      continue;
    auto special = because.of.find(name);
    reasons_[name] = special == because.of.end()
                         ? all
                         : std::make_shared<const std::string>(special->second);
  }
  for (const auto& [name, who] : before)
    if (!wanted_by_.contains(name))
      reasons_[name] = all;
}

std::string reconciler::reason_of(const std::string& name) const {
  auto i = reasons_.find(name);
  return i == reasons_.end() ? std::string{} : *i->second;
}

reconciler::commands reconciler::reserve(std::vector<worker_id> standbys,
                                         time_point now) {
  out_.clear();
  if (standbys == standbys_)
    return {};
  for (const auto& who : standbys_)
    mark(who);
  for (const auto& who : standbys)
    mark(who);
  standbys_ = std::move(standbys);
  work(now);
  return std::move(out_);
}

reconciler::commands reconciler::look_again(time_point now) {
  out_.clear();
  mark_all();
  work(now);
  return std::move(out_);
}

reconciler::commands reconciler::touch(const worker_id& who, time_point now) {
  out_.clear();
  auto i = slots_.find(who);
  if (i != slots_.end())
    account_for(who, i->second);
  check_unrecorded(now);
  mark(who);
  work(now);
  if (i != slots_.end()) {
    follow(who, i->second, now);
    check_overdue(who, i->second, now);
  }
  return std::move(out_);
}

// -- work -------------------------------------------------------------------------------

void reconciler::mark(const worker_id& who) {
  marked_.insert(who);
}

void reconciler::mark_all() {
  for (const auto& [who, x] : slots_)
    marked_.insert(who);
}

void reconciler::work(time_point now) {
  if (auto until = hold_.until(); until && now < *until)
    held_ = true;
  while (!marked_.empty()) {
    auto who = marked_.extract(marked_.begin()).value();
    if (auto i = slots_.find(who); i != slots_.end())
      push(who, i->second, now);
  }
  if (sealed_ || !replayed_)
    return;
  if (std::any_of(slots_.begin(), slots_.end(),
                  [](const auto& x) { return x.second.unsealed; }))
    return;
  sealed_ = true;
  out_.emplace_back(sealed{});
  mark_all();
  work(now);
}

void reconciler::push(const worker_id& who, slot& x, time_point now) {
  if (!may_write(x, now))
    return;
  auto next = x.unsealed || x.voided ? sealed_copy(x) : wanted(who, x, now);
  x.clean = !next;
  if (!next)
    return;
  x.sealing = x.unsealed;
  if (!x.sealing) {
    if (newest_ >= most_) {
      // Each second allows 2^20 more.
      x.retry_at = now + std::chrono::seconds{1};
      x.clean = false;
      out_.emplace_back(complain{who,
                                 "its next version would be more than one day ahead of "
                                 "the server's clock; it waits"});
      return;
    }
    next->version = next_version();
    for (auto& y : next->partitions)
      if (y.token.value == 0)
        y.token = next->version;
    bound_reasons(*next);
  }
  x.under_way = std::move(*next);
  auto first = x.writer.begin(x.revision, now);
  index(who, x);
  carry_out(who, x, first, now);
}

bool reconciler::may_write(const slot& x, time_point now) const {
  return replayed_ && (sealed_ || x.unsealed) && x.present && !x.writer.busy()
         && x.revision >= x.written && (!x.retry_at || now >= *x.retry_at);
}

bool reconciler::may_grant(time_point now) const {
  return sealed_ && hold_.is_over(now);
}

bool reconciler::is_free(const worker_id& who, const std::string& name) const {
  auto i = holders_.find(name);
  if (i == holders_.end())
    return true;
  return std::all_of(i->second.begin(), i->second.end(), [&](const auto& holder) {
    if (holder == who)
      return true;
    if (!failpoint(rule::grant_before_emptied))
      return false;
    const auto& x = slots_.at(holder);
    return x.value && members_.ended(holder, x.value->worker_nonce, {});
  });
}

bool reconciler::released(const worker_id& who, const slot& x, const std::string& name,
                          time_point now) const {
  const auto& incarnation = x.value->worker_nonce;
  if (members_.ended(who, incarnation, now))
    return true;
  const auto* pulse = members_.living(who);
  if (!pulse || pulse->nonce != incarnation)
    return false;
  auto i = x.revoked.find(name);
  return i != x.revoked.end() && pulse->applied >= i->second.since
         && std::none_of(pulse->stopping.begin(), pulse->stopping.end(),
                         [&](const auto& y) { return name_of(y) == name; });
}

// -- answers ----------------------------------------------------------------------------

reconciler::commands reconciler::answered(const worker_id& who, const kv_written& answer,
                                          time_point now) {
  out_.clear();
  auto& x = at(who);
  carry_out(who, x, x.writer.answered(answer, now), now);
  work(now);
  return std::move(out_);
}

reconciler::commands reconciler::looked(const worker_id& who, const kv_read& answer,
                                        time_point now) {
  out_.clear();
  auto& x = at(who);
  auto ours = false;
  auto known = false;
  if (answer.status == read_status::found && !answer.entry.removed) {
    auto found = record_from(answer.entry.value, answer.entry.stored_at_ns);
    const auto* value = std::get_if<record>(&found);
    ours = value && *value == x.under_way;
    // What cannot be read, or was void, is not kept.
    known = !value || !x.value || x.voided || *value == *x.value;
  }
  carry_out(who, x, x.writer.looked(answer, key_writer::seen(ours, known), now), now);
  work(now);
  return std::move(out_);
}

reconciler::commands reconciler::tick(time_point now) {
  out_.clear();
  check_unrecorded(now);
  for (auto& [who, x] : slots_) {
    carry_out(who, x, x.writer.tick(now), now);
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
  for (auto& [who, x] : slots_)
    check_overdue(who, x, now);
  return std::move(out_);
}

void reconciler::carry_out(const worker_id& who, slot& x, const key_writer::step& what,
                           time_point now) {
  if (std::holds_alternative<key_writer::waiting>(what))
    return;
  if (const auto* w = std::get_if<key_writer::write>(&what)) {
    out_.emplace_back(write{who, x.under_way, w->expected});
    return;
  }
  if (std::holds_alternative<key_writer::read>(what)) {
    out_.emplace_back(read{who});
    return;
  }
  if (const auto* y = std::get_if<key_writer::landed>(&what)) {
    landed(who, x, *y, now);
  } else if (const auto* z = std::get_if<key_writer::taken>(&what)) {
    // Another writer was faster. What is there counts once the watch shows it.
    x.written = std::max(x.written, z->entry.revision);
    // The watch will report another incarnation of the bucket. Until then each try would
    // meet the same conflict.
    if (z->lost_writes || z->entry.revision < x.revision)
      x.retry_at = now + options_.pause;
    if (x.sealing && failpoint(rule::no_second_seal))
      x.unsealed = false;
    auto value = record_from(z->entry.value, z->entry.stored_at_ns);
    if (failpoint(rule::unseen_revision) && std::holds_alternative<record>(value)) {
      x.value = std::get<record>(value);
      x.revision = z->entry.revision;
    }
  } else if (std::holds_alternative<key_writer::not_sent>(what)) {
    x.retry_at = now + options_.pause;
  } else if (std::holds_alternative<key_writer::refused>(what)) {
    x.retry_at = now + options_.pause * 10;
  } else {
    // Vacant: the watch will show the removal, or the record that the worker makes again.
    x.retry_at = now + options_.pause;
  }
  index(who, x);
  mark(who);
}

void reconciler::landed(const worker_id& who, slot& x, const key_writer::landed& what,
                        time_point now) {
  x.written = what.at;
  x.newest = std::max(x.newest, x.under_way.version);
  if (x.sealing)
    x.unsealed = false;
  x.sealing = false;
  x.voided = x.voided && x.revision > what.at;
  // Answered, so it holds even if the watch has not shown it yet.
  if (x.present && x.revision < what.at)
    x.value = x.under_way;
  look(who, x, now);
}

void reconciler::check_overdue(const worker_id& who, slot& x, time_point now) {
  auto late = static_cast<std::size_t>(
      std::count_if(x.revoked.begin(), x.revoked.end(), [&](const auto& y) {
        return now >= y.second.begun + options_.handoff_timeout;
      }));
  if (late == 0 && !(x.behind && now >= x.behind->begun + options_.handoff_timeout))
    return;
  x.overdue = true;
  const auto* pulse = members_.living(who);
  if (!x.value || !pulse || pulse->nonce != x.value->worker_nonce)
    return; // It has ended, is fenced already, or its heartbeat was not seen.
  out_.emplace_back(overdue{who, x.value->worker_nonce, late});
}

std::optional<time_point> reconciler::wake_at() const {
  auto result = held_ ? hold_.until() : std::nullopt;
  for (const auto& [who, x] : slots_) {
    result = earlier(result, earlier(x.writer.wake_at(), x.retry_at));
    if (x.overdue)
      continue;
    for (const auto& [name, y] : x.revoked)
      result = earlier(result, y.begun + options_.handoff_timeout);
    if (x.behind)
      result = earlier(result, x.behind->begun + options_.handoff_timeout);
  }
  return result;
}

version reconciler::next_version() {
  if (failpoint(rule::versions_restarted))
    return {++restarted_};
  auto floor = options_.epoch.value * versions_per_epoch;
  newest_.value = std::max(newest_.value, floor) + 1;
  return newest_;
}

reconciler::slot& reconciler::at(const worker_id& who) {
  auto [i, is_new] = slots_.try_emplace(who, options_.pause);
  if (is_new)
    i->second.wanted = goal_of(who).size();
  return i->second;
}

// -- for planning and for people --------------------------------------------------------

bool reconciler::has_record(const worker_id& who) const {
  auto i = slots_.find(who);
  return i != slots_.end() && i->second.present && i->second.value;
}

const record& reconciler::record_of(const worker_id& who) const {
  return *slots_.at(who).value;
}

bool reconciler::settled() const {
  if (!target_ || held_ || hold_.any_unrecorded())
    return false;
  auto open = std::any_of(slots_.begin(), slots_.end(), [&](const auto& entry) {
    const auto& x = entry.second;
    if (!x.present || !x.value)
      return false;
    return !x.clean || x.writer.busy() || x.revision < x.written
           || !x.value->revoking.empty() || x.value->partitions.size() != x.wanted;
  });
  return !open;
}

bool reconciler::names_any() const {
  return std::any_of(slots_.begin(), slots_.end(), [](const auto& x) {
    return x.second.value && holds_any(*x.second.value);
  });
}

std::vector<partition> reconciler::named() const {
  std::map<std::string, std::pair<stamp, partition>> newest;
  auto note = [&](const partition& x, const stamp& at) {
    auto [i, is_new] = newest.try_emplace(name_of(x), at, x);
    if (!is_new && i->second.first < at)
      i->second = {at, x};
  };
  for (const auto& [who, x] : slots_) {
    if (!x.value)
      continue;
    for (const auto& y : x.value->partitions)
      note(y.partition, stamp_of(*x.value));
    for (const auto& y : x.value->revoking)
      note(y.partition, stamp_of(*x.value));
  }
  std::vector<partition> result;
  for (auto& [name, x] : newest)
    result.push_back(std::move(x.second));
  return result;
}

std::map<std::string, worker_id> reconciler::owners() const {
  std::map<std::string, worker_id> result;
  if (target_) {
    for (const auto& [name, who] : wanted_by_)
      result.emplace(name, who);
    return result;
  }
  std::map<std::string, stamp> newest;
  for (const auto& [who, x] : slots_) {
    if (!x.value)
      continue;
    for (const auto& y : x.value->partitions) {
      auto name = name_of(y.partition);
      auto [i, is_new] = newest.try_emplace(name, stamp_of(*x.value));
      if (is_new || i->second < stamp_of(*x.value)) {
        i->second = stamp_of(*x.value);
        result[name] = who;
      }
    }
  }
  return result;
}

} // namespace partita::core
