// SPDX-License-Identifier: Apache-2.0
#include "partita/core/leader/members/membership.hpp"

#include "partita/messages/failpoint.hpp"

#include <optional>

namespace partita::core {

namespace {

using content = membership::member::content;

duration silence(duration ttl) {
  return failpoint(rule::no_clock_margin) ? ttl : with_clock_margin(ttl);
}

/// A heartbeat of an incarnation that has ended is a late write: no other one follows.
const beat* living_in(const membership::member& x) {
  return x.what == content::beat && is_living(x.value.state)
                 && !x.ended.contains(x.value.nonce)
             ? &x.value
             : nullptr;
}

} // namespace

membership::membership(options opts)
    : options_{opts}, longest_ttl_{std::max(opts.ttl, opts.longest_ttl)} {}

duration membership::ttl_of(const session_terms& x) const {
  return x.ttl.count() == 0 || failpoint(rule::own_ttl_for_all) ? options_.ttl : x.ttl;
}

void membership::note_terms(const session_terms& x) {
  if (ttl_of(x) <= longest_ttl_)
    return;
  longest_ttl_ = ttl_of(x);
  note_all();
}

duration membership::longest_silence() const {
  return silence(longest_ttl_);
}

duration membership::shown_ttl(const member& x) const {
  if (x.what == content::beat)
    return ttl_of(x.value.terms);
  // The writer of an unreadable entry is not known.
  if (x.what == content::unreadable || !x.named)
    return longest_ttl_;
  return x.owners.at(*x.named).ttl;
}

void membership::member::shows(content now, partita::revision at, time_point first_seen) {
  what = now;
  revision = at;
  seen_at = first_seen;
  asked = false;
  patience_until.reset();
}

// -- what the heartbeats show -----------------------------------------------------------

std::vector<membership::news> membership::beat_shown(const worker_id& who, revision at,
                                                     const beat& what, time_point seen_at,
                                                     time_point now) {
  auto& x = members_[who];
  if (x.what != content::nothing && at <= x.revision)
    return {};
  note_terms(what.terms);
  auto was = living(who) ? std::optional{x.value.nonce} : std::nullopt;
  auto drained = x.what == content::beat && x.value.state == beat_state::draining;
  x.value = what;
  x.shows(content::beat, at, seen_at);
  look_at_owners(x);
  auto gone = change::left;
  if (what.state == beat_state::draining && !drained)
    gone = change::drains;
  else if (what.state == beat_state::expelled || what.state == beat_state::forced)
    gone = change::lost;
  auto counted = x.counted;
  auto result = recount(who, x, now, gone);
  if (counted && x.counted && was && *was != what.nonce && is_living(what.state))
    result.push_back({change::replaced, who});
  return result;
}

std::vector<membership::news> membership::key_unreadable(const worker_id& who,
                                                         revision at, time_point seen_at,
                                                         time_point now) {
  auto& x = members_[who];
  x.value = {};
  x.shows(content::unreadable, at, seen_at);
  return recount(who, x, now, change::left);
}

std::vector<membership::news> membership::key_gone(const worker_id& who, revision mark,
                                                   time_point seen_at, time_point now) {
  auto& x = members_[who];
  x.shows(content::nothing, mark, seen_at);
  return recount(who, x, now, change::left);
}

void membership::replayed(time_point seen_at, time_point now) {
  if (was_interrupted_)
    grace_until_ = now + options_.grace;
  was_interrupted_ = false;
  complete_since_ = seen_at;
  // An absence counts only since all heartbeats that exist were shown.
  for (auto& [who, x] : members_)
    if (x.what == content::nothing)
      x.seen_at = std::max(x.seen_at, seen_at);
  note_all();
}

void membership::interrupted() {
  was_interrupted_ = true;
  complete_since_.reset();
  note_all();
}

// -- what the records say ---------------------------------------------------------------

std::vector<membership::news> membership::named(const worker_id& who,
                                                const nonce& incarnation,
                                                const session_terms& terms, bool holds,
                                                time_point now) {
  auto [i, is_new] = members_.try_emplace(who);
  auto& x = i->second;
  if (is_new)
    x.seen_at = complete_since_.value_or(now);
  // An incarnation that had no partitions need not be followed to its end.
  if (x.named && x.named != incarnation && !x.named_holds
      && !x.owners.at(*x.named).unrecorded)
    x.owners.erase(*x.named);
  x.named_holds = holds;
  x.named = incarnation;
  auto [owner, new_owner] = x.owners.try_emplace(incarnation);
  owner->second.ttl = std::max(owner->second.ttl, ttl_of(terms));
  if (new_owner)
    look_at_owners(x);
  note_terms(terms);
  return recount(who, x, now, change::left);
}

void membership::unrecorded(const worker_id& who, const nonce& incarnation,
                            const session_terms& terms) {
  auto& x = members_[who];
  if (x.ended.contains(incarnation))
    return;
  note_terms(terms);
  auto& owner = x.owners[incarnation];
  owner.unrecorded = true;
  owner.ttl = std::max(owner.ttl, ttl_of(terms));
  look_at_owners(x);
  wakes_.set(x, wake_of(x));
}

void membership::look_at_owners(member& x) {
  if (x.what != content::beat)
    return;
  const auto& y = x.value;
  switch (y.state) {
  case beat_state::stopped:
  case beat_state::restarting:
  case beat_state::expelled:
    x.ended.insert(y.nonce);
    break;
  case beat_state::joining:
  case beat_state::working:
  case beat_state::draining:
  case beat_state::forced:
  case beat_state::count:
    break;
  }
  if (!y.replaces.value.empty())
    x.ended.insert(y.replaces);
  for (auto& [incarnation, owner] : x.owners) {
    auto stands = y.nonce == incarnation;
    owner.seen = owner.seen || stands;
    if (stands)
      owner.ttl = std::max(owner.ttl, ttl_of(y.terms));
    if (stands && is_living(y.state))
      owner.replaced_at.reset();
    else if (owner.seen && !owner.replaced_at)
      owner.replaced_at = x.seen_at;
  }
}

bool membership::is_doubtful(const member& x, const nonce& incarnation,
                             const member::owner& y) const {
  if (y.replaced_at || x.ended.contains(incarnation))
    return false;
  // Where the incarnation that a record names is missing, a mark fences it.
  if (x.named == incarnation && !y.unrecorded)
    return x.named_holds && x.what == content::beat && !y.seen;
  return x.what != content::beat || x.value.nonce != incarnation;
}

void membership::looked(const worker_id& who, const nonce& incarnation,
                        const nonce& found, time_point now) {
  auto i = members_.find(who);
  if (i == members_.end() || found == incarnation)
    return;
  auto& x = i->second;
  auto owner = x.owners.find(incarnation);
  if (owner == x.owners.end() || !is_doubtful(x, incarnation, owner->second))
    return;
  owner->second.seen = true;
  owner->second.replaced_at = now;
  wakes_.set(x, wake_of(x));
}

// -- time -------------------------------------------------------------------------------

std::optional<time_point> membership::silent_at(const member& x) const {
  if (x.asked || !complete_since_)
    return std::nullopt;
  auto lives = x.what == content::beat && is_living(x.value.state);
  auto unheard =
      x.what == content::nothing && x.named_holds && !x.ended.contains(*x.named);
  if (!lives && !unheard && x.what != content::unreadable)
    return std::nullopt;
  auto result = x.seen_at + silence(shown_ttl(x));
  if (x.patience_until)
    result = std::max(result, *x.patience_until);
  return grace_until_ ? std::max(result, *grace_until_) : result;
}

bool membership::store_suspected(time_point now) const {
  std::size_t all = 0;
  std::size_t silent = 0;
  for (const auto& [who, x] : members_) {
    if (x.what != content::beat || !is_living(x.value.state))
      continue;
    ++all;
    silent += now >= x.seen_at + shown_ttl(x) / 2 ? 1 : 0;
  }
  return silent >= 3 && silent * 10 > all * 3;
}

membership::outcome membership::tick(time_point now) {
  outcome result;
  auto suspected = store_suspected(now);
  for (auto& [who, x] : members_) {
    if (auto at = silent_at(x); at && now >= *at) {
      if (suspected && !x.patience_until) {
        x.patience_until = now + shown_ttl(x);
      } else {
        x.asked = true;
        auto whom = x.what == content::beat ? x.value.nonce : x.named.value_or(nonce{});
        if (failpoint(rule::no_expel)) {
          x.ended.insert(whom);
          result.ended.push_back(who);
          x.what = content::nothing;
          for (auto& y : recount(who, x, now, change::lost))
            result.news.push_back(std::move(y));
        } else {
          result.expels.push_back({who, whom, x.revision});
        }
      }
    }
    for (auto& [incarnation, y] : x.owners) {
      if (is_doubtful(x, incarnation, y) && (!y.look_at || now >= *y.look_at)) {
        y.look_at = now + options_.ttl / 4;
        result.looks.push_back({who, incarnation});
      }
      if (!x.ended.contains(incarnation) && has_ended(x, incarnation, now)) {
        x.ended.insert(incarnation);
        result.ended.push_back(who);
      }
    }
    std::erase_if(x.owners, [&x = x](const auto& y) {
      return y.first != x.named && x.ended.contains(y.first);
    });
    for (auto& y : recount(who, x, now, change::left))
      result.news.push_back(std::move(y));
  }
  return result;
}

std::optional<time_point> membership::wake_of(const member& x) const {
  auto result = silent_at(x);
  for (const auto& [incarnation, y] : x.owners) {
    if (is_doubtful(x, incarnation, y))
      result = earlier(result, y.look_at.value_or(x.seen_at));
    if (y.replaced_at && !x.ended.contains(incarnation))
      result = earlier(result, *y.replaced_at + silence(y.ttl));
  }
  if (x.counted && x.what == content::beat && x.value.state == beat_state::restarting)
    result = earlier(result, x.seen_at + options_.restart_hold);
  return result;
}

void membership::note_all() {
  for (const auto& [who, x] : members_)
    wakes_.set(x, wake_of(x));
}

// -- questions --------------------------------------------------------------------------

bool membership::has_ended(const member& x, const nonce& incarnation,
                           time_point now) const {
  if (x.ended.contains(incarnation))
    return true;
  if (failpoint(rule::missing_beat_is_end) && x.what == content::nothing)
    return true;
  auto i = x.owners.find(incarnation);
  if (i == x.owners.end() || !i->second.replaced_at)
    return false;
  if (failpoint(rule::forced_without_wait))
    return true;
  return now >= *i->second.replaced_at + silence(i->second.ttl);
}

bool membership::ended(const worker_id& who, const nonce& incarnation,
                       time_point now) const {
  auto i = members_.find(who);
  return i != members_.end() && has_ended(i->second, incarnation, now);
}

const beat* membership::living(const worker_id& who) const {
  auto i = members_.find(who);
  return i == members_.end() ? nullptr : living_in(i->second);
}

std::uint64_t membership::record_format() const {
  auto result = newest_record_format;
  for (const auto& [who, x] : members_)
    if (const auto* pulse = living_in(x))
      result = std::min(result, pulse->record_format);
  return result;
}

const membership::member* membership::find(const worker_id& who) const {
  auto i = members_.find(who);
  return i == members_.end() ? nullptr : &i->second;
}

bool membership::takes_part(const member& x, time_point now) const {
  switch (x.what) {
  case content::nothing:
  case content::unreadable:
    return x.named_holds && !x.ended.contains(*x.named)
           && !x.owners.at(*x.named).replaced_at;
  case content::beat:
    break;
  }
  if (is_living(x.value.state))
    return x.value.state != beat_state::draining && !x.ended.contains(x.value.nonce);
  return x.value.state == beat_state::restarting
         && (x.named == x.value.nonce || failpoint(rule::restart_hold_for_any))
         && x.named_holds && now < x.seen_at + options_.restart_hold;
}

bool membership::takes_part(const worker_id& who, time_point now) const {
  auto i = members_.find(who);
  return i != members_.end() && takes_part(i->second, now);
}

bool membership::drains(const worker_id& who) const {
  const auto* x = living(who);
  return x && x->state == beat_state::draining;
}

bool membership::said_goodbye(const worker_id& who) const {
  const auto* x = find(who);
  return x && x->what == content::beat && !is_living(x->value.state);
}

std::vector<membership::news> membership::recount(const worker_id& who, member& x,
                                                  time_point now, change if_gone) {
  auto counts = takes_part(x, now);
  auto changes = counts != x.counted;
  x.counted = counts;
  wakes_.set(x, wake_of(x));
  if (!changes)
    return {};
  return {{counts ? change::joined : if_gone, who}};
}

} // namespace partita::core
