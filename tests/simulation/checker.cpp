// SPDX-License-Identifier: Apache-2.0
#include "checker.hpp"

#include "entry_text.hpp"

#include "partita/messages/codec.hpp"

#include <algorithm>

// What applications do; checker_store.cpp has what the store shows, and
// checker_directives.cpp directives of operators.
namespace partita::simulation {

checker::checker(world& w, checker_options options, violations& found,
                 watch_checker* watches)
    : world_(&w), options_(std::move(options)), found_(&found), watches_(watches) {}

// -- processes --------------------------------------------------------------------------

void checker::born(process_id x, double clock_rate, bool stubborn) {
  processes_.resize(std::max(processes_.size(), x + 1));
  processes_[x].rate = clock_rate;
  processes_[x].stubborn = stubborn;
}

void checker::died(process_id x) {
  processes_[x].alive = false;
  processes_[x].leading = false;
  for (auto& [name, y] : places_)
    if (std::erase_if(y.holders, [&](const auto& h) { return h.who == x; }) > 0)
      last_change_ = world_->now();
}

void checker::thawed(process_id x) {
  processes_[x].thawed_at = world_->now();
  for (auto& [name, y] : places_)
    for (const auto& h : y.holders)
      if (h.who == x)
        judge_at_the_end_.insert(name);
}

void checker::leaving(process_id x) {
  processes_[x].leaving = true;
}

void checker::instant_over() {
  for (const auto& name : std::exchange(judge_at_the_end_, {})) {
    auto& x = places_[name];
    for (auto& h : x.holders)
      if (std::exchange(h.fresh, false) && !world_->frozen(h.who))
        judge_token(name, x, h);
    judge_owners(name, x, true);
  }
}

void checker::source_has(const std::vector<partition>& xs) {
  source_.clear();
  for (const auto& x : xs)
    source_.insert(name_of(x));
}

// -- work -------------------------------------------------------------------------------

void checker::begins(process_id who, const grant& x, stamp granted_by) {
  auto& p = processes_[who];
  auto name = name_of(x.partition);
  if (granted_by < p.greatest)
    fail("versions never go back at a worker",
         "{} begins work by version {} of epoch {} after version {} of epoch {}",
         world_->name(who), short_text(granted_by.version), short_text(granted_by.epoch),
         short_text(p.greatest.version), short_text(p.greatest.epoch));
  p.greatest = std::max(p.greatest, granted_by);
  auto& y = places_[name];
  auto h = std::find_if(y.holders.begin(), y.holders.end(),
                        [&](const auto& z) { return z.who == who; });
  if (h == y.holders.end()) {
    last_change_ = world_->now();
    h = y.holders.insert(h, {who, x.token, true});
    ++grants_;
  } else if (x.token < h->token) {
    fail("a token never falls", "{} has {} with token {} and is given {}",
         world_->name(who), name, short_text(h->token), short_text(x.token));
  } else {
    h->token = x.token;
  }
  auto told = std::exchange(y.told, no_process);
  if (told == who && source_.contains(name) && !p.leaving) {
    ++needless_moves_;
    if (y.told_at > last_fault_ + options_.calm_after)
      fail("nothing is disturbed that does not move",
           "{} had to stop {} in a calm group and got it back", world_->name(who), name);
  }
  if (world_->just_thawed(who)) {
    judge_at_the_end_.insert(name);
    return;
  }
  h->fresh = false;
  judge_token(name, y, *h);
  judge_owners(name, y, false);
}

void checker::told_to_stop(process_id who, const partition& x, bool lost) {
  auto name = name_of(x);
  auto now = world_->now();
  if (lost) {
    if (now > last_fault_ + options_.calm_after)
      fail("nothing is disturbed that does not move", "{} lost {} in a calm group",
           world_->name(who), name);
    return;
  }
  if (processes_[who].stubborn)
    faults_until(now);
  auto& y = places_[name];
  y.told = who;
  y.told_at = now;
}

void checker::ends(process_id who, const partition& x) {
  auto name = name_of(x);
  auto& y = places_[name];
  if (std::erase_if(y.holders, [&](const auto& h) { return h.who == who; }) == 0)
    return;
  last_change_ = world_->now();
}

void checker::leads(process_id who, bool leading) {
  processes_[who].leading = leading;
  if (leading)
    ++leaderships_;
}

void checker::stopped(process_id who, const std::string& failure) {
  if (on_stopped)
    on_stopped(who, failure);
}

void checker::judge_token(const std::string& name, place& x, holding& y) {
  bool other = x.last != y.who;
  if (other && y.token <= x.greatest && x.last != no_process)
    fail("tokens grow from owner to owner",
         "{} works on {} with token {} after {} did with token {}", world_->name(y.who),
         name, short_text(y.token), world_->name(x.last), short_text(x.greatest));
  else if (y.token < x.greatest)
    fail("a token never falls", "{} works on {} with token {} after token {}",
         world_->name(y.who), name, short_text(y.token), short_text(x.greatest));
  x.greatest = std::max(x.greatest, y.token);
  x.last = y.who;
}

void checker::judge_owners(const std::string& name, const place& x, bool thawed_too) {
  const holding* first = nullptr;
  for (const auto& h : x.holders) {
    if (world_->frozen(h.who) || (!thawed_too && world_->just_thawed(h.who))
        || beyond_control(h.who))
      continue;
    if (first)
      fail("one worker at most works on a partition",
           "{} and {} work on {}, with tokens {} and {}", world_->name(first->who),
           world_->name(h.who), name, short_text(first->token), short_text(h.token));
    first = &h;
  }
}

// -- the end of a life ------------------------------------------------------------------

std::string checker::unsettled(const directed& directives) const {
  std::size_t leaders = 0;
  for (const auto& x : processes_)
    leaders += x.alive && x.leading ? 1 : 0;
  if (leaders != 1)
    return fmt::format("{} processes lead", leaders);
  auto may_be_free = nobody_may_take(directives);
  for (const auto& name : source_) {
    auto i = places_.find(name);
    auto n = i == places_.end() ? 0 : i->second.holders.size();
    if (n != 1 && (n != 0 || !may_be_free))
      return fmt::format("{} processes work on {}", n, name);
  }
  for (const auto& [name, x] : places_)
    if (!x.holders.empty() && !source_.contains(name))
      return fmt::format("{} works on {}, which is not there any more",
                         world_->name(x.holders.front().who), name);
  return {};
}

} // namespace partita::simulation
