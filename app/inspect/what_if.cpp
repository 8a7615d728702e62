// SPDX-License-Identifier: Apache-2.0
#include "partita/app/inspect/what_if.hpp"

#include "partita/app/output/names.hpp"
#include "partita/core/leader/plans/directed_plan.hpp"

#include <algorithm>
#include <iterator>
#include <set>

namespace partita::app {

namespace {

/// Thrown and caught within this file only.
struct no_plan {
  std::string why;
};

using place = std::optional<std::size_t>;

class answer_builder {
public:
  answer_builder(const group_status& group, const what_if_question& question)
      : group_(group), question_(question), view_(view_of(group)) {}

  what_if_answer run() {
    auto all = partitions();
    in_ = view_.input(workers(), all);
    if (in_.workers.empty())
      throw no_plan{question_.without.empty()
                        ? "no worker takes part: no partition could have an owner"
                        : "no worker would be left to own a partition"};
    if (question_.workers)
      for (auto& x : in_.workers)
        x.capacity = core::candidate{}.capacity;
    auto next = decide();
    weigh(next);
    note_what_matters();
    answer_.strategy = question_.strategy.name;
    answer_.partitions = in_.partitions.size();
    return std::move(answer_);
  }

private:
  // -- the group as it is thought -------------------------------------------------------

  std::vector<partition> partitions() {
    auto result = question_.partitions.empty() ? view_.named() : question_.partitions;
    if (result.empty())
      throw no_plan{"no partition is known: neither the configuration nor a record names "
                    "one; give [partitions] with -c FILE or --set"};
    for (const auto& x : result)
      names_.push_back(name_of(x));
    return result;
  }

  std::set<worker_id, by_number> workers() {
    auto result = view_.workers();
    for (const auto& x : question_.without) {
      if (!find(group_, x))
        throw no_plan{unknown_worker(group_, x)};
      result.erase(x);
    }
    auto count = question_.workers.value_or(result.size());
    while (result.size() > count)
      result.erase(std::prev(result.end()));
    for (std::size_t n = 0; result.size() < count; ++n) {
      worker_id id{question_.id_prefix + '-' + std::to_string(n)};
      if (!find(group_, id)) {
        thought_.insert(id);
        result.insert(std::move(id));
      }
    }
    return result;
  }

  /// As a leader does it, with the directives that it would follow.
  core::plan decide() {
    std::vector<directive> directives;
    for (const auto& who : group_.members)
      for (const auto& mark : {who.cordoned, who.drained})
        if (mark)
          directives.push_back(*mark);
    for (const auto& pin : group_.pins)
      directives.push_back(pin.directive);
    auto how = group_.pauses.empty() ? core::freedom::full : core::freedom::orphans_only;
    auto result = core::plan_under(core::standing_of(directives), in_,
                                   core::make_strategy(question_.strategy), how);
    reasons_ = std::move(result.reasons);
    answer_.notes = std::move(result.trouble);
    return std::move(result.shares);
  }

  // -- what comes of it -----------------------------------------------------------------

  std::int64_t weight_of(std::size_t i) const {
    auto weight = in_.partitions[i].weight;
    return weight > 0 ? weight : question_.strategy.default_weight;
  }

  void weigh(const core::plan& next) {
    std::map<worker_id, what_if_share, by_number> shares;
    for (const auto& x : in_.workers) {
      auto& share = shares[x.id];
      share.id = x.id;
      share.capacity = x.capacity;
      share.thought = thought_.contains(x.id);
      if (const auto* who = find(group_, x.id)) {
        share.drained = who->drained.has_value();
        share.cordoned = who->cordoned.has_value();
      }
    }
    std::vector<place> owner_after(names_.size());
    for (std::size_t w = 0; w < next.shares.size(); ++w)
      for (auto i : next.shares[w])
        owner_after[i] = w;
    for (std::size_t i = 0; i < names_.size(); ++i) {
      const auto* before = view_.owner_of(names_[i]);
      const auto* after = owner_after[i] ? &in_.workers[*owner_after[i]].id : nullptr;
      if (before)
        add(share_of(shares, *before).before, i);
      if (after)
        add(share_of(shares, *after).after, i);
      if (!after || (before && *before == *after))
        continue;
      ++shares[*after].gains;
      if (before)
        ++shares[*before].losses;
      auto reason = reasons_.find(i);
      answer_.moves.push_back(
          {names_[i], weight_of(i), before ? *before : worker_id{}, *after,
           reason == reasons_.end() ? std::string{} : reason->second});
    }
    std::stable_sort(answer_.moves.begin(), answer_.moves.end(),
                     [](const auto& a, const auto& b) {
                       return by_reading{}(a.partition, b.partition);
                     });
    for (auto gone : {false, true})
      for (const auto& [id, x] : shares)
        if (x.gone == gone)
          answer_.shares.push_back(x);
  }

  void add(what_if_load& to, std::size_t i) const {
    ++to.partitions;
    to.weight += weight_of(i);
  }

  /// A worker that is not in the plan and owns something now is gone.
  static what_if_share& share_of(std::map<worker_id, what_if_share, by_number>& shares,
                                 const worker_id& id) {
    auto [i, added] = shares.try_emplace(id);
    if (added) {
      i->second.id = id;
      i->second.gone = true;
    }
    return i->second;
  }

  void note_what_matters() {
    auto& notes = answer_.notes;
    if (!group_.pauses.empty())
      notes.push_back("paused: only partitions without an owner are assigned");
    if (!group_.hand_offs.empty())
      notes.push_back(std::to_string(group_.hand_offs.size())
                      + " partitions are being handed over and count as without owner");
    for (const auto& x : in_.workers)
      if (const auto* who = find(group_, x.id); who && !who->last_beat)
        notes.push_back(
            x.id.value
            + " has no readable heartbeat: its partitions stay with it until the "
              "leader has waited heartbeat.ttl for one");
    if (question_.partitions.empty())
      notes.push_back("the partitions are those that the records name");
  }

  const group_status& group_;
  const what_if_question& question_;
  core::planning_view view_;
  core::planning_input in_;
  /// By partition, as in `in_`.
  std::vector<std::string> names_;
  std::set<worker_id> thought_;
  /// By partition: the directive that decided.
  std::map<std::size_t, std::string> reasons_;
  what_if_answer answer_;
};

} // namespace

std::variant<what_if_answer, std::string> plan_if(const group_status& group,
                                                  const what_if_question& question) {
  try {
    return answer_builder{group, question}.run();
  } catch (const no_plan& e) {
    return e.why;
  }
}

what_if_balance balance_of(const what_if_answer& x, what_if_load what_if_share::*when) {
  double weight = 0;
  double capacity = 0;
  for (const auto& y : x.shares)
    if (!y.gone && !y.drained) {
      weight += static_cast<double>((y.*when).weight);
      capacity += static_cast<double>(y.capacity);
    }
  what_if_balance result;
  auto first = true;
  for (const auto& y : x.shares) {
    auto fair = weight * static_cast<double>(y.capacity) / capacity;
    if (y.gone || y.drained || !(fair > 0))
      continue;
    auto part = static_cast<double>((y.*when).weight) / fair;
    result.fullest = first ? part : std::max(result.fullest, part);
    result.emptiest = first ? part : std::min(result.emptiest, part);
    first = false;
  }
  return result;
}

} // namespace partita::app
