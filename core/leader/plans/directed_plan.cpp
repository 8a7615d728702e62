// SPDX-License-Identifier: Apache-2.0
#include "partita/core/leader/plans/directed_plan.hpp"

#include "partita/messages/control_codec.hpp"
#include "partita/messages/failpoint.hpp"

#include <optional>
#include <unordered_map>
#include <utility>

namespace partita::core {

namespace {

using owner = std::optional<std::size_t>;

/// Assigns the partitions of one input under the directives.
class directed_planning {
public:
  directed_planning(const standing_directives& directives, const planning_input& in,
                    freedom how)
      : directives_(directives), in_(in), how_(how), owners_(in.partitions.size()) {
    for (std::size_t w = 0; w < in.workers.size(); ++w) {
      index_.emplace(in.workers[w].id.value, w);
      const auto& id = in.workers[w].id;
      if (!directives.drained.contains(id) && !directives.cordoned.contains(id))
        takers_.push_back(w);
    }
    for (std::size_t i = 0; !directives.pins.empty() && i < in.partitions.size(); ++i)
      names_.emplace(name_of(in.partitions[i]), i);
  }

  directed_plan run(const strategy& deal) {
    tell_unknown_workers();
    bind_pins();
    keep_bound();
    deal_rest(deal);
    tell_orphans();
    return finish();
  }

private:
  owner before(std::size_t i) const {
    return i < in_.previous.size() ? in_.previous[i] : std::nullopt;
  }

  bool drains(std::size_t w) const {
    return directives_.drained.contains(in_.workers[w].id);
  }

  void complain(const std::string& directive, const std::string& why) {
    result_.trouble.push_back(directive + ": " + why);
  }

  void tell_unknown_workers() {
    for (const auto* of : {&directives_.cordoned, &directives_.drained})
      for (const auto& [who, text] : *of)
        if (!index_.contains(who.value))
          complain(text, who.value + " takes no part now");
  }

  void bind_pins() {
    for (const auto& [name, pin] : directives_.pins) {
      auto i = names_.find(name);
      auto w = index_.find(pin.worker.value);
      if (i == names_.end())
        complain(pin.text, "there is no partition " + name + " now");
      else if (w == index_.end())
        complain(pin.text, pin.worker.value + " takes no part now");
      else if (drains(w->second))
        complain(pin.text, pin.worker.value + " is drained");
      else if (how_ == freedom::full || !before(i->second))
        bind(i->second, w->second, pin.text);
    }
  }

  void bind(std::size_t i, std::size_t w, const std::string& why) {
    owners_[i] = w;
    if (before(i) != w)
      result_.reasons.emplace(i, why);
  }

  /// What stays where it is, whatever the strategy would say.
  void keep_bound() {
    std::map<std::size_t, std::size_t> stuck;
    for (std::size_t i = 0; i < owners_.size(); ++i) {
      auto w = before(i);
      if (owners_[i] || !w)
        continue;
      const auto& id = in_.workers[*w].id;
      auto may_leave = how_ == freedom::full && !takers_.empty();
      if (how_ == freedom::orphans_only || (drains(*w) && !may_leave)
          || (!drains(*w) && directives_.cordoned.contains(id)))
        owners_[i] = w;
      if (how_ == freedom::full && drains(*w) && !may_leave)
        ++stuck[*w];
    }
    for (const auto& [w, count] : stuck)
      complain(directives_.drained.at(in_.workers[w].id),
               "no other worker may take its " + std::to_string(count)
                   + " partitions; it keeps them");
  }

  /// The strategy sees the workers that may take something, and all partitions but those
  /// that stay with other workers.
  void deal_rest(const strategy& deal) {
    if (takers_.empty())
      return;
    std::unordered_map<std::size_t, std::size_t> place;
    planning_input rest;
    for (auto w : takers_) {
      place.emplace(w, rest.workers.size());
      rest.workers.push_back(in_.workers[w]);
    }
    auto place_of = [&](owner w) {
      auto i = w ? place.find(*w) : place.end();
      return i == place.end() ? owner{} : owner{i->second};
    };
    std::vector<std::size_t> planned;
    auto any_bound = false;
    for (std::size_t i = 0; i < owners_.size(); ++i) {
      auto to = place_of(owners_[i]);
      if (owners_[i] && !to)
        continue;
      planned.push_back(i);
      rest.partitions.push_back(in_.partitions[i]);
      rest.previous.push_back(to ? to : place_of(before(i)));
      rest.bound.push_back(to);
      if (!in_.zones.empty())
        rest.zones.push_back(in_.zones[i]);
      any_bound = any_bound || to;
    }
    if (!any_bound)
      rest.bound.clear();
    if (in_.previous.empty() && !any_bound)
      rest.previous.clear();
    auto shares = deal(rest).shares;
    for (std::size_t w = 0; w < shares.size(); ++w)
      for (auto i : shares[w])
        if (!owners_[planned[i]])
          owners_[planned[i]] = takers_[w];
  }

  void tell_orphans() {
    std::size_t count = 0;
    for (const auto& x : owners_)
      count += x ? 0 : 1;
    if (count != 0 && !in_.workers.empty())
      result_.trouble.push_back(std::to_string(count)
                                + " partitions have no owner, and no worker may take "
                                  "them: all are cordoned or drained");
  }

  directed_plan finish() {
    auto& shares = result_.shares.shares;
    shares.resize(in_.workers.size());
    for (std::size_t i = 0; i < owners_.size(); ++i) {
      if (!owners_[i])
        continue;
      shares[*owners_[i]].push_back(i);
      auto was = before(i);
      if (was && was != owners_[i] && drains(*was))
        result_.reasons.emplace(i, directives_.drained.at(in_.workers[*was].id));
    }
    return std::move(result_);
  }

  const standing_directives& directives_;
  const planning_input& in_;
  freedom how_;
  /// By partition; nothing: to be assigned.
  std::vector<owner> owners_;
  std::unordered_map<std::string, std::size_t> index_;
  std::unordered_map<std::string, std::size_t> names_;
  /// Workers that may get what the strategy assigns.
  std::vector<std::size_t> takers_;
  directed_plan result_;
};

/// At most so many bytes of `text`, without a broken UTF-8 character.
std::string clipped(std::string text, std::size_t most) {
  if (text.size() <= most)
    return text;
  while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xC0) == 0x80)
    --most;
  return text.substr(0, most) + "...";
}

} // namespace

std::string short_text(const directive& x) {
  return clipped(describe(x), 200);
}

standing_directives standing_of(const std::vector<directive>& all) {
  standing_directives result;
  for (const auto& x : all) {
    if (const auto* c = std::get_if<cordon_directive>(&x.what);
        c && !failpoint(rule::cordon_ignored))
      result.cordoned.emplace(c->worker, short_text(x));
    else if (const auto* d = std::get_if<drain_directive>(&x.what);
             d && !failpoint(rule::drain_ignored))
      result.drained.emplace(d->worker, short_text(x));
    else if (const auto* p = std::get_if<pin_directive>(&x.what))
      result.pins.emplace(p->partition,
                          standing_directives::pin{p->worker, short_text(x)});
  }
  return result;
}

directed_plan plan_under(const standing_directives& directives, const planning_input& in,
                         const strategy& deal, freedom how) {
  if (directives.empty() && how == freedom::full)
    return {deal(in), {}, {}};
  return directed_planning{directives, in, how}.run(deal);
}

} // namespace partita::core
