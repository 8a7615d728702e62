#include "partita/core/reconciler.hpp"

#include <algorithm>
#include <unordered_map>

namespace partita::core {

namespace {

/// The grants of a record by their partitions' names.
using grant_index = std::unordered_map<std::string, const grant*>;

grant_index index_of(const std::optional<record>& x) {
  grant_index result;
  if (x)
    for (const auto& y : x->partitions)
      result.emplace(name_of(y.partition), &y);
  return result;
}

const grant* find(const grant_index& xs, const partition& x) {
  auto i = xs.find(name_of(x));
  return i == xs.end() ? nullptr : i->second;
}

} // namespace

// -- what the watch shows ---------------------------------------------------------------

reconciler::commands reconciler::shown(const worker_id& who, revision seen,
                                       const decoded<record>& value, time_point now) {
  out_.clear();
  auto& x = at(who);
  if (x.present && seen <= x.revision)
    return {};
  x.present = true;
  x.clean = false;
  x.revision = seen;
  if (const auto* found = std::get_if<record>(&value)) {
    x.value = *found;
    x.newest = std::max(x.newest, found->version);
    newest_ = std::max(newest_, found->version);
  } else {
    x.value.reset();
    hold_until_ = now + options_.hold;
  }
  push(who, x, now);
  return std::move(out_);
}

reconciler::commands reconciler::gone(const worker_id& who, time_point now) {
  auto i = slots_.find(who);
  if (i == slots_.end() || !i->second.present)
    return {};
  hold_until_ = now + options_.hold;
  i->second.present = false;
  i->second.value.reset();
  return {};
}

void reconciler::clear() {
  slots_.clear();
  target_.reset();
}

// -- what the leader wants --------------------------------------------------------------

reconciler::commands reconciler::want(target next, partita::lifecycle why,
                                      time_point now) {
  out_.clear();
  target_ = std::move(next);
  lifecycle_ = why;
  plan_ = {};
  for (auto& [who, x] : slots_)
    x.clean = false;
  push_all(now);
  return std::move(out_);
}

void reconciler::push_all(time_point now) {
  if (!target_)
    return;
  // Losers first: all writes of a target go out in one burst and the store keeps their
  // order, so a partition leaves its old record before it enters the new one.
  std::vector<std::pair<std::size_t, const worker_id*>> order;
  for (const auto& [who, x] : slots_) {
    auto goal = target_->find(who);
    std::size_t gains = 0;
    if (goal != target_->end()) {
      auto old = index_of(x.value);
      for (const auto& y : goal->second.partitions)
        gains += find(old, y) ? 0 : 1;
    }
    order.emplace_back(gains, &who);
  }
  std::stable_sort(order.begin(), order.end(),
                   [](const auto& x, const auto& y) { return x.first < y.first; });
  for (const auto& [gains, who] : order)
    push(*who, slots_.at(*who), now);
}

void reconciler::push(const worker_id& who, slot& x, time_point now) {
  if (!may_write(x, now))
    return;
  auto next = wanted(who, x, now);
  x.clean = !next;
  if (!next)
    return;
  if (plan_.value == 0 || x.newest >= plan_)
    plan_ = next_version();
  next->version = plan_;
  for (auto& y : next->partitions)
    if (y.token.value == 0)
      y.token = plan_;
  x.under_way = std::move(*next);
  carry_out(who, x, x.writer.begin(x.revision, now), now);
}

bool reconciler::may_write(const slot& x, time_point now) const {
  return target_ && x.present && !x.writer.busy() && x.revision >= x.written
         && (!x.retry_at || now >= *x.retry_at);
}

std::optional<record> reconciler::wanted(const worker_id& who, const slot& x,
                                         time_point now) const {
  auto goal = target_->find(who);
  auto owns_nothing = goal == target_->end();
  auto holding = hold_until_ && now < *hold_until_;
  if (!x.value && holding)
    return std::nullopt; // Rewritten once its worker has certainly stopped.
  record result;
  result.lifecycle = lifecycle_;
  result.epoch = options_.epoch;
  result.leader = options_.leader;
  if (x.value)
    result.worker_nonce = x.value->worker_nonce;
  if (!owns_nothing)
    result.worker_nonce = goal->second.owner;
  auto readdressed = !x.value || x.value->worker_nonce != result.worker_nonce;
  auto changed = readdressed || !x.value->revoking.empty();
  if (!owns_nothing) {
    auto grants = index_of(x.value);
    for (const auto& y : goal->second.partitions) {
      const auto* old = find(grants, y);
      if (!old && holding)
        continue;
      changed = changed || !old || old->partition.weight != y.weight;
      result.partitions.push_back({y, old && !readdressed ? old->token : version{}});
    }
  }
  if (x.value && x.value->partitions.size() != result.partitions.size())
    changed = true;
  // A worker that was never given anything needs to hear that it has nothing to do.
  if (!owns_nothing && x.value && x.value->version.value == 0)
    changed = true;
  if (!changed)
    return std::nullopt;
  return result;
}

// -- answers ----------------------------------------------------------------------------

reconciler::commands reconciler::answered(const worker_id& who, const kv_written& answer,
                                          time_point now) {
  out_.clear();
  auto& x = at(who);
  carry_out(who, x, x.writer.answered(answer, now), now);
  return std::move(out_);
}

reconciler::commands reconciler::looked(const worker_id& who, const kv_read& answer,
                                        time_point now) {
  out_.clear();
  auto& x = at(who);
  auto ours = false;
  if (answer.status == read_status::found && !answer.entry.removed) {
    auto found = record_from(answer.entry.value);
    const auto* value = std::get_if<record>(&found);
    ours = value && *value == x.under_way;
  }
  carry_out(who, x, x.writer.looked(answer, ours, now), now);
  return std::move(out_);
}

reconciler::commands reconciler::tick(time_point now) {
  out_.clear();
  for (auto& [who, x] : slots_) {
    carry_out(who, x, x.writer.tick(now), now);
    if (x.retry_at && now >= *x.retry_at) {
      x.retry_at.reset();
      push(who, x, now);
    }
  }
  if (hold_until_ && now >= *hold_until_) {
    hold_until_.reset();
    push_all(now);
  }
  return std::move(out_);
}

void reconciler::carry_out(const worker_id& who, slot& x, const key_writer::step& what,
                           time_point now) {
  if (const auto* w = std::get_if<key_writer::write>(&what)) {
    out_.emplace_back(write{who, x.under_way, w->expected});
  } else if (std::holds_alternative<key_writer::read>(what)) {
    out_.emplace_back(read{who});
  } else if (const auto* y = std::get_if<key_writer::landed>(&what)) {
    x.written = y->at;
    x.newest = std::max(x.newest, x.under_way.version);
    push(who, x, now); // The watch may have been faster than the answer.
  } else if (const auto* z = std::get_if<key_writer::taken>(&what)) {
    // Somebody was faster. What is there counts once the watch shows it.
    x.written = std::max(x.written, z->entry.revision);
    push(who, x, now);
  } else if (std::holds_alternative<key_writer::not_sent>(what)) {
    x.retry_at = now + options_.pause;
  } else if (const auto* r = std::get_if<key_writer::refused>(&what)) {
    out_.emplace_back(complain{who, r->why});
    x.retry_at = now + options_.pause * 10;
  }
  // Vacant: the watch shows the removal, or the record that the worker makes anew.
}

std::optional<time_point> reconciler::wake_at() const {
  auto result = hold_until_;
  for (const auto& [who, x] : slots_)
    result = earlier(result, earlier(x.writer.wake_at(), x.retry_at));
  return result;
}

version reconciler::next_version() {
  auto floor = options_.epoch.value * versions_per_epoch;
  newest_.value = std::max(newest_.value, floor) + 1;
  return newest_;
}

reconciler::slot& reconciler::at(const worker_id& who) {
  return slots_.try_emplace(who, options_.pause).first->second;
}

// -- for planning and for people --------------------------------------------------------

bool reconciler::has_record(const worker_id& who) const {
  auto i = slots_.find(who);
  return i != slots_.end() && i->second.present && i->second.value;
}

const nonce& reconciler::addressee(const worker_id& who) const {
  return slots_.at(who).value->worker_nonce;
}

bool reconciler::settled() const {
  if (!target_ || hold_until_)
    return false;
  return std::all_of(slots_.begin(), slots_.end(), [](const auto& entry) {
    const auto& x = entry.second;
    return !x.present || (x.clean && !x.writer.busy() && x.revision >= x.written);
  });
}

bool reconciler::names_any() const {
  return !named_owners().empty();
}

std::vector<worker_id> reconciler::named_owners() const {
  std::vector<worker_id> result;
  for (const auto& [who, x] : slots_)
    if (x.value && !x.value->partitions.empty())
      result.push_back(who);
  return result;
}

std::map<std::string, worker_id> reconciler::owners() const {
  std::map<std::string, worker_id> result;
  if (target_) {
    for (const auto& [who, goal] : *target_)
      for (const auto& x : goal.partitions)
        result.emplace(name_of(x), who);
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
