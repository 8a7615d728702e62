#include "partita/core/coordinator.hpp"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

namespace partita::core {

coordinator::coordinator(options opts)
    : options_{std::move(opts)},
      members_{options_.heartbeat_ttl},
      policy_{options_.policy},
      reconciler_{{options_.epoch, options_.leader, options_.pause,
                   with_clock_margin(options_.heartbeat_ttl)}} {}

coordinator::commands coordinator::step(const event& what, time_point now) {
  out_.clear();
  if (overruled_)
    return {};
  std::visit([&](const auto& x) { on(x, now); }, what);
  if (!overruled_)
    proceed(now);
  return std::move(out_);
}

std::optional<time_point> coordinator::wake_at() const {
  if (overruled_)
    return std::nullopt;
  auto result = earlier(members_.wake_at(), reconciler_.wake_at());
  if (adopted_ && !eligible_.empty())
    result = earlier(result, policy_.wake_at());
  return result;
}

// -- events -----------------------------------------------------------------------------

void coordinator::on(const beat_shown& what, time_point now) {
  notice(members_.beat_shown(what.who, what.revision, what.value, now), now);
}

void coordinator::on(const beats_replayed&, time_point) {
  beats_replayed_ = true;
}

void coordinator::on(const beats_void&, time_point) {
  // Everybody joins again under a new incarnation; until then nobody counts as lost.
  members_.clear();
  eligible_.clear();
}

void coordinator::on(const record_shown& what, time_point now) {
  if (const auto* x = std::get_if<record>(&what.value))
    on(epoch_shown{x->epoch}, now);
  if (overruled_)
    return; // Writing over it would undo what the other leader did.
  append(reconciler_.shown(what.who, what.revision, what.value, now));
  if (reconciler_.has_record(what.who))
    notice_joiner(what.who, now);
  else
    record_lost(what.who, ": its record cannot be read", now);
}

void coordinator::on(const record_gone& what, time_point now) {
  append(reconciler_.gone(what.who, now));
  record_lost(what.who, ": its record vanished", now);
}

void coordinator::record_lost(const worker_id& who, const char* how, time_point now) {
  if (eligible_.erase(who) != 0 && adopted_)
    policy_.changed(rebalance_policy::change::lost, who.value + how, eligible_.size(),
                    now);
}

void coordinator::on(const epoch_shown& what, time_point) {
  if (what.epoch <= options_.epoch || overruled_)
    return;
  overruled_ = true;
  out_.emplace_back(overruled{what.epoch});
}

void coordinator::on(const records_replayed&, time_point) {
  records_replayed_ = true;
}

void coordinator::on(const partitions_given& what, time_point now) {
  if (!adopted_) {
    partitions_ = what.all;
    return;
  }
  std::unordered_set<std::string> old;
  for (const auto& x : *partitions_)
    old.insert(name_of(x));
  auto added = std::count_if(what.all.begin(), what.all.end(), [&](const partition& x) {
    return !old.contains(name_of(x));
  });
  auto same = what.all == *partitions_;
  partitions_ = what.all;
  if (added > 0)
    policy_.changed(rebalance_policy::change::partitions_added,
                    std::to_string(added) + " partitions added", eligible_.size(), now);
  else if (!same)
    policy_.changed(rebalance_policy::change::other, "partitions changed",
                    eligible_.size(), now);
}

void coordinator::on(const write_answered& what, time_point now) {
  append(reconciler_.answered(what.who, what.answer, now));
}

void coordinator::on(const read_answered& what, time_point now) {
  append(reconciler_.looked(what.who, what.answer, now));
}

void coordinator::on(const tick&, time_point now) {
  notice(members_.tick(now), now);
  append(reconciler_.tick(now));
}

// -- who takes part ---------------------------------------------------------------------

void coordinator::notice(const std::vector<membership::news>& news, time_point now) {
  using enum membership::change;
  for (const auto& [what, who] : news) {
    if (what == joined) {
      notice_joiner(who, now);
      continue;
    }
    if (!eligible_.contains(who))
      continue;
    if (what != replaced)
      eligible_.erase(who);
    if (!adopted_)
      continue;
    if (what == lost)
      policy_.changed(rebalance_policy::change::lost, who.value + " fell silent",
                      eligible_.size(), now);
    else if (what == left)
      policy_.changed(rebalance_policy::change::left, who.value + " left",
                      eligible_.size(), now);
    else
      policy_.changed(rebalance_policy::change::left, who.value + " came back",
                      eligible_.size(), now);
  }
}

void coordinator::notice_joiner(const worker_id& who, time_point now) {
  if (!members_.present(who) || !reconciler_.has_record(who))
    return;
  if (eligible_.insert(who).second && adopted_)
    policy_.changed(rebalance_policy::change::joined, who.value + " joined",
                    eligible_.size(), now);
}

// -- planning ---------------------------------------------------------------------------

void coordinator::proceed(time_point now) {
  if (!ready())
    return;
  if (!adopted_)
    adopt_group(now);
  while (auto decision = policy_.next(eligible_.size(), now))
    make_plan(*decision, now);
  show_phase_if_changed();
}

void coordinator::adopt_group(time_point now) {
  adopted_ = true;
  out_.emplace_back(adopt{});
  auto cold = !reconciler_.names_any();
  policy_.begin(cold);
  if (cold)
    return;
  // What happened while nobody led. Whoever owns something and was not heard of may live.
  for (const auto& who : reconciler_.named_owners()) {
    members_.expect(who, reconciler_.addressee(who), now);
    if (members_.present(who))
      eligible_.insert(who);
  }
  using enum rebalance_policy::change;
  std::map<rebalance_policy::change, std::size_t> orphans;
  auto owners = reconciler_.owners();
  for (const auto& x : *partitions_) {
    auto i = owners.find(name_of(x));
    if (i == owners.end())
      ++orphans[partitions_added];
    else if (!eligible_.contains(i->second))
      ++orphans[members_.said_goodbye(i->second) ? left : lost];
  }
  for (const auto& [what, count] : orphans)
    policy_.changed(what, std::to_string(count) + " partitions have no owner",
                    eligible_.size(), now);
  auto in = input();
  auto readdressed =
      std::any_of(eligible_.begin(), eligible_.end(), [&](const auto& who) {
        return reconciler_.addressee(who) != members_.members().at(who).nonce;
      });
  if (readdressed)
    policy_.changed(left, "workers came back meanwhile",
                    eligible_.size(), now);
  else if (orphans.empty() && !eligible_.empty()
           && target_of(in, options_.strategy(in)) != current(in))
    policy_.changed(joined, "the group changed meanwhile",
                    eligible_.size(), now);
  keep_owners(now);
}

void coordinator::keep_owners(time_point now) {
  auto in = input();
  append(reconciler_.want(current(in), lifecycle::rebalance, now));
}

reconciler::target coordinator::current(const planning_input& in) const {
  plan as_is;
  as_is.shares.resize(in.workers.size());
  for (std::size_t i = 0; i < in.previous.size(); ++i)
    if (in.previous[i])
      as_is.shares[*in.previous[i]].push_back(i);
  return target_of(in, as_is);
}

void coordinator::make_plan(const rebalance_policy::decision& why, time_point now) {
  auto in = input();
  auto next = options_.strategy(in);
  std::size_t moves = 0;
  for (std::size_t w = 0; w < next.shares.size(); ++w)
    for (auto i : next.shares[w])
      moves += in.previous.empty() || in.previous[i] != w ? 1 : 0;
  out_.emplace_back(
      planned{why.lifecycle, why.reason, in.workers.size(), in.partitions.size(), moves});
  doing_ = why.lifecycle == lifecycle::emergency   ? worker_state::emergency
           : why.lifecycle == lifecycle::rebalance ? worker_state::rebalancing
                                                   : worker_state::scaling;
  doing_why_ = why.reason;
  append(reconciler_.want(target_of(in, next), why.lifecycle, now));
}

planning_input coordinator::input() const {
  planning_input result;
  std::unordered_map<std::string, std::size_t> index;
  for (const auto& who : eligible_) {
    const auto& x = members_.members().at(who);
    index.emplace(who.value, result.workers.size());
    result.workers.push_back({who, x.capacity, x.zone});
  }
  result.partitions = *partitions_;
  auto owners = reconciler_.owners();
  if (owners.empty())
    return result;
  result.previous.resize(result.partitions.size());
  for (std::size_t i = 0; i < result.partitions.size(); ++i) {
    auto owner = owners.find(name_of(result.partitions[i]));
    if (owner == owners.end())
      continue;
    auto w = index.find(owner->second.value);
    if (w != index.end())
      result.previous[i] = w->second;
  }
  return result;
}

reconciler::target coordinator::target_of(const planning_input& in,
                                          const plan& shares) const {
  reconciler::target result;
  for (std::size_t w = 0; w < in.workers.size(); ++w) {
    const auto& who = in.workers[w].id;
    reconciler::share x;
    x.owner = members_.members().at(who).nonce;
    auto indices = shares.shares.at(w);
    // In the order of the source: what a record says depends on who owns what alone.
    std::sort(indices.begin(), indices.end());
    for (auto i : indices)
      x.partitions.push_back(in.partitions[i]);
    result.emplace(who, std::move(x));
  }
  return result;
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

void coordinator::append(reconciler::commands&& xs) {
  for (auto& x : xs)
    std::visit([this](auto& y) { out_.emplace_back(std::move(y)); }, x);
}

} // namespace partita::core
