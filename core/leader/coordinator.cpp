// SPDX-License-Identifier: Apache-2.0
#include "partita/core/leader/coordinator.hpp"

#include "partita/core/leader/members/settings_comparison.hpp"
#include "partita/core/leader/plans/plan_facts.hpp"
#include "partita/messages/codec.hpp"
#include "partita/messages/failpoint.hpp"

#include <algorithm>
#include <utility>

namespace partita::core {

namespace {

/// Whether two live heartbeats of a worker say the same about what a record may ask of it.
bool says_the_same_of_work(const beat& x, const beat& y) {
  return x.nonce == y.nonce && x.state == y.state && x.applied == y.applied
         && x.terms == y.terms && x.stopping == y.stopping;
}

} // namespace

coordinator::coordinator(options opts)
    : options_{std::move(opts)},
      members_{{options_.heartbeat_ttl, options_.longest_ttl,
                options_.rebalance.restart_hold, options_.grace}},
      policy_{options_.rebalance, options_.shortest_gap},
      reconciler_{{options_.epoch, options_.leader, options_.pause,
                   options_.rebalance.handoff_timeout,
                   options_.rebalance.max_moves_in_flight},
                  members_,
                  index_},
      expulsion_{options_.pause},
      directives_{{options_.leader, options_.epoch, options_.pause}},
      partitions_{{options_.source_patience}} {}

coordinator::commands coordinator::step(const event& what, time_point now) {
  now_ = now;
  out_.clear();
  if (overruled_)
    return {};
  std::visit([&](const auto& x) { on(x); }, what);
  listen_for_source();
  if (!overruled_)
    proceed(std::holds_alternative<tick>(what));
  return std::move(out_);
}

std::optional<time_point> coordinator::wake_at() const {
  if (overruled_)
    return std::nullopt;
  auto result =
      earlier(earlier(members_.wake_at(), expulsion_.wake_at()), reconciler_.wake_at());
  result = earlier(result, partitions_.wake_at());
  if (adopted_)
    result = earlier(result, directives_.wake_at(server_clock_));
  if (can_plan())
    result = earlier(result, policy_.wake_at(eligible_.size()));
  if (settings_changed_ && adopted_ && ready())
    result = time_point{};
  return result;
}

// -- what the parts command -----------------------------------------------------------

void coordinator::carry_out(reconciler::overdue& x) {
  if (overdue_.insert(x.incarnation).second)
    out_.emplace_back(ending{x.who, x.partitions == 0
                                        ? "has not applied its record in time"
                                        : "has not confirmed the end of work on "
                                              + std::to_string(x.partitions)
                                              + " partitions in time"});
  end(x.who, beat_state::forced, members_.find(x.who)->revision);
}

void coordinator::carry_out(expulsion::vanished& x) {
  notice(members_.key_gone(x.who, x.mark, now_, now_));
}

// -- heartbeats -------------------------------------------------------------------------

void coordinator::on(const beat_shown& what) {
  look_for_rival(what.value);
  if (overruled_)
    return;
  server_clock_.seen(what.stored_at_ns, what.seen_at);
  reconciler_.versions_up_to(greatest_version(server_clock_.at_least(now_)));
  note_settings(what.who, &what.value);
  const auto* before = members_.living(what.who);
  auto same = before && says_the_same_of_work(*before, what.value);
  notice(members_.beat_shown(what.who, what.revision, what.value, what.seen_at, now_));
  notice_attributes(what.who, what.value);
  append(same ? reconciler_.heard(what.who, now_) : reconciler_.touch(what.who, now_));
}

void coordinator::on(const beat_unreadable& what) {
  note_settings(what.who, nullptr);
  notice(members_.key_unreadable(what.who, what.revision, what.seen_at, now_));
}

void coordinator::on(const beat_gone& what) {
  note_settings(what.who, nullptr);
  notice(members_.key_gone(what.who, what.mark, what.seen_at, now_));
}

void coordinator::on(const beats_replayed& what) {
  beats_replayed_ = true;
  members_.replayed(what.seen_at, now_);
}

// -- records ----------------------------------------------------------------------------

void coordinator::on(const record_shown& what) {
  const auto* shown = std::get_if<record_ptr>(&what.value);
  const auto* found = shown ? shown->get() : nullptr;
  if (found)
    look_for_rival(*found);
  if (overruled_)
    return; // Writing over it would undo what the other leader did.
  if (found) {
    notice(members_.named(what.who, found->worker_nonce, found->terms, holds_any(*found),
                          now_));
  } else
    note_unrecorded(what.who);
  append(reconciler_.shown(what.who, what.revision, what.value, now_));
  if (reconciler_.has_record(what.who))
    notice_joiner(what.who);
  else
    record_lost(what.who, ": its record cannot be read");
}

void coordinator::on(const record_gone& what) {
  note_unrecorded(what.who);
  append(reconciler_.gone(what.who, now_));
  record_lost(what.who, ": its record vanished");
}

/// Called before what its record said is forgotten.
void coordinator::note_unrecorded(const worker_id& who) {
  if (!reconciler_.has_record(who))
    return;
  const auto& lost = reconciler_.record_of(who);
  members_.unrecorded(who, lost.worker_nonce, lost.terms);
}

void coordinator::record_lost(const worker_id& who, const char* how) {
  if (eligible_.erase(who) != 0 && adopted_)
    changed(rebalance_policy::change::lost, who.value + how);
}

void coordinator::look_for_rival(const record& found) {
  // Two leaders can take one epoch if its key is lost in between: then both stand again.
  auto rival = found.epoch == options_.epoch && found.leader != options_.leader;
  on(epoch_shown{{found.epoch.value + (rival ? 1 : 0)}});
}

void coordinator::look_for_rival(const beat& found) {
  // A heartbeat names an epoch that the store itself may have lost.
  on(epoch_shown{std::max(found.applied.epoch, found.seen.epoch)});
}

void coordinator::on(const epoch_shown& what) {
  if (what.epoch <= options_.epoch || overruled_)
    return;
  overruled_ = true;
  out_.emplace_back(overruled{what.epoch});
}

void coordinator::on(const doubted_since& what) {
  reconciler_.hold().doubted_since(what.when, what.why);
  append(reconciler_.look_again(now_));
}

void coordinator::on(const may_grant_at& what) {
  reconciler_.hold().not_before(what.when);
  append(reconciler_.look_again(now_));
}

// -- other events -----------------------------------------------------------------------

void coordinator::on(const partitions_given& what) {
  auto change = partitions_.given(what.all);
  if (!adopted_)
    return;
  if (change.added > 0)
    changed(rebalance_policy::change::partitions_added,
            std::to_string(change.added) + " partitions added");
  else if (!change.same)
    changed(rebalance_policy::change::other, "partitions changed");
}

void coordinator::listen_for_source() {
  if (partitions_.fell_silent(now_))
    out_.emplace_back(source_silent{"the partition source has said nothing for too long; "
                                    "look at it"});
}

void coordinator::on(const write_answered& what) {
  append(reconciler_.answered(what.who, what.answer, now_));
}

void coordinator::on(const read_answered& what) {
  // With the failpoint, what was read counts as seen without being checked.
  const auto& entry = what.answer.entry;
  if (what.answer.status == read_status::found && !entry.removed
      && !failpoint(rule::unseen_revision)) {
    auto found = stored_record_from(entry.value, entry.stored_at_ns);
    if (const auto* x = std::get_if<stored_record>(&found))
      look_for_rival(x->value);
  }
  if (overruled_)
    return;
  append(reconciler_.looked(what.who, what.answer, now_));
}

void coordinator::on(const mark_answered& what) {
  append(expulsion_.answered(what.who, what.answer, now_));
}

void coordinator::on(const mark_looked_at& what) {
  if (what.found)
    look_for_rival(*what.found);
  if (overruled_)
    return;
  append(expulsion_.looked(what.who, what.answer, what.found, now_));
}

void coordinator::on(const beat_looked_at& what) {
  if (what.found)
    members_.looked(what.who, what.incarnation, *what.found, now_);
}

void coordinator::on(const tick&) {
  auto due = members_.tick(now_);
  notice(due.news);
  for (const auto& who : due.ended)
    append(reconciler_.touch(who, now_));
  for (auto& x : due.looks)
    out_.emplace_back(std::move(x));
  for (const auto& x : due.expels) {
    out_.emplace_back(ending{x.who, "silent for too long"});
    end(x.who, beat_state::expelled, x.over);
  }
  append(expulsion_.tick(now_));
  append(reconciler_.tick(now_));
}

// -- who takes part ---------------------------------------------------------------------

void coordinator::notice(const std::vector<membership::news>& news) {
  using enum membership::change;
  for (const auto& [what, who] : news) {
    if (what == joined) {
      notice_joiner(who);
      continue;
    }
    // The incarnation that replaces another one also replaces it in the plans.
    if ((what == replaced && may_own(who)) || eligible_.erase(who) == 0 || !adopted_)
      continue;
    const auto* why = what == lost       ? " was lost"
                      : what == drains   ? " drains"
                      : what == replaced ? " came back with another ownership"
                                         : " left";
    changed(what == lost ? rebalance_policy::change::lost
                         : rebalance_policy::change::left,
            who.value + why);
  }
}

void coordinator::notice_joiner(const worker_id& who) {
  if (may_own(who) && eligible_.insert(who).second && adopted_)
    changed(rebalance_policy::change::joined, who.value + " joined");
}

bool coordinator::may_own(const worker_id& who) const {
  return reconciler_.has_record(who)
         && core::may_own(who, reconciler_.record_of(who), members_, options_.ownership,
                          now_);
}

/// The settings of an incarnation do not change.
void coordinator::note_settings(const worker_id& who, const beat* next) {
  const auto* old = members_.living(who);
  settings_changed_ = settings_changed_ || !old || !next || !is_living(next->state)
                      || old->nonce != next->nonce;
}

void coordinator::compare_settings() {
  if (!std::exchange(settings_changed_, false))
    return;
  settings_comparison all;
  for (const auto& [who, x] : members_.members())
    if (const auto* pulse = members_.living(who))
      all.add(who, *pulse);
  auto why = all.differences();
  if (why == told_settings_)
    return;
  told_settings_ = why;
  out_.emplace_back(settings_differ{std::move(why)});
}

/// A worker that came back may need another share than the last plan gave it.
void coordinator::notice_attributes(const worker_id& who, const beat& value) {
  auto known = attributes_.find(who);
  if (!is_living(value.state) || known == attributes_.end() || !eligible_.contains(who))
    return;
  auto& [capacity, zone] = known->second;
  std::string why;
  if (capacity != value.capacity)
    why = who.value + " has capacity " + std::to_string(value.capacity) + " now";
  else if (zone != value.zone)
    why = who.value + " is in another zone now";
  known->second = {value.capacity, value.zone};
  if (!why.empty())
    changed(rebalance_policy::change::other, std::move(why));
}

std::vector<worker_id> coordinator::reserve() const {
  constexpr std::size_t most = 3;
  std::vector<worker_id> result;
  for (const auto& who : eligible_) {
    if (result.size() == most)
      break;
    if (who != options_.leader && members_.living(who))
      result.push_back(who);
  }
  return result;
}

/// Fences an incarnation: writes a mark over what its key was seen to hold.
void coordinator::end(const worker_id& who, beat_state how, revision over) {
  const auto* x = members_.find(who);
  // The mark keeps what the heartbeat says, above all which incarnation it replaced.
  auto mark = x->what == membership::member::content::beat ? x->value : beat{};
  if (x->what != membership::member::content::beat)
    mark.nonce = x->named.value_or(nonce{});
  mark.state = how;
  append(expulsion_.begin(who, std::move(mark), over, now_));
}

// -- planning ---------------------------------------------------------------------------

bool coordinator::ready() const {
  return beats_replayed_ && reconciler_.all_sealed() && partitions_.answered()
         && directives_known_;
}

bool coordinator::can_plan() const {
  return adopted_ && ready() && partitions_.usable();
}

void coordinator::proceed(bool may_plan) {
  if (!ready())
    return;
  // Before the first target, so that records that stay the same need not be written.
  append(reconciler_.reserve(reserve(), now_));
  if (!std::exchange(asked_, true))
    out_.emplace_back(adopt{});
  if (!may_act_)
    return;
  if (!adopted_)
    adopt_group();
  carry_out_directives();
  if (may_plan && can_plan())
    if (auto decision = policy_.next(eligible_.size(), now_))
      make_plan(*decision);
  for (auto& x : directives_.removals(server_clock_, now_))
    out_.emplace_back(std::move(x));
  report_hold();
  show_phase_if_changed();
  // Once for all events that wait: it costs as much as there are workers.
  if (may_plan)
    compare_settings();
}

void coordinator::make_plan(const rebalance_policy::decision& why) {
  auto in = input_of(eligible_, members_, *partitions_.all(), reconciler_.owners());
  note_planned(in);
  auto next = plan_under(directives_.standing(), in, options_.strategy,
                         why.orphans_only ? freedom::orphans_only : freedom::full);
  if (!why.orphans_only)
    directives_.planned();
  auto changes = changes_of(in, next.shares);
  changes.epoch = options_.epoch;
  changes.leader = options_.leader;
  changes.lifecycle = why.lifecycle;
  changes.reason = why.reason;
  changes.trouble = new_trouble(next.trouble);
  out_.emplace_back(std::move(changes));
  reconciler::reasons because{why.reason, {}};
  for (auto& [i, reason] : next.reasons)
    because.of.emplace(partitions_.all()->numbers[i], std::move(reason));
  doing_ = why.lifecycle == lifecycle::emergency   ? worker_state::emergency
           : why.lifecycle == lifecycle::rebalance ? worker_state::rebalancing
                                                   : worker_state::scaling;
  doing_why_ = why.reason;
  append(reconciler_.want(target_of(in, next.shares, partitions_.all()), why.lifecycle,
                          now_, because));
}

/// Those not reported yet. One that has ended is reported again when it comes back.
std::vector<std::string> coordinator::new_trouble(const std::vector<std::string>& all) {
  std::vector<std::string> result;
  for (const auto& x : all)
    if (!told_trouble_.contains(x))
      result.push_back(x);
  told_trouble_ = {all.begin(), all.end()};
  return result;
}

void coordinator::note_planned(const planning_input& in) {
  attributes_.clear();
  for (const auto& x : in.workers)
    attributes_.emplace_hint(attributes_.end(), x.id, std::pair{x.capacity, x.zone});
}

void coordinator::show_phase_if_changed() {
  auto next = policy_.phase();
  auto why = policy_.reason();
  if (next == worker_state::stable && !reconciler_.settled()) {
    next = doing_;
    why = doing_why_;
  }
  if (next == phase_)
    return;
  phase_ = next;
  if (next == worker_state::stable)
    why = "all records are published";
  out_.emplace_back(show_phase{next, std::move(why)});
}

} // namespace partita::core
