// SPDX-License-Identifier: Apache-2.0
#include "world.hpp"

#include <caf/atom.hpp>
#include <caf/deep_to_string.hpp>
#include <caf/exit_reason.hpp>
#include <caf/system_messages.hpp>

#include <algorithm>
#include <utility>

namespace partita::simulation {

world::world(std::uint64_t seed, trace::mode mode, bool mail)
    : random_{seed}, log_{mode}, mail_{mail} {
  config_.set("scheduler.policy", caf::atom("testing"));
  config_.set("logger.file-verbosity", caf::atom("quiet"));
  config_.set("logger.console-verbosity", caf::atom("quiet"));
  config_.set("logger.inline-output", true);
  system_ = std::make_unique<caf::actor_system>(config_);
  scheduler_ = &dynamic_cast<caf::scheduler::test_coordinator&>(system_->scheduler());
  now_ = scheduler_->clock().now();
}

world::~world() {
  end();
}

void world::end() {
  for (process_id x = 0; x < processes_.size(); ++x)
    kill(x);
  due_.clear();
  at_step_.clear();
  happenings_ = {};
  // A timer holds its actor, and the system waits for all actors.
  scheduler_->clock().cancel_all();
  while (scheduler_->try_run_once()) {
  }
}

// -- what happens -----------------------------------------------------------------------

void world::at(core::time_point when, action what) {
  if (when <= now_)
    due_.push_back(std::move(what));
  else
    happenings_.push({when, ++numbers_, std::move(what)});
}

void world::after_steps(std::uint64_t n, action what) {
  at_step_.emplace_back(steps_ + n, std::move(what));
}

void world::run_until(core::time_point end) {
  stopped_ = false;
  while (!stopped_) {
    collect_due();
    while (!stopped_ && (!due_.empty() || scheduler_->has_job()))
      step();
    if (!stopped_ && !advance(end))
      return;
  }
}

void world::step() {
  ++steps_;
  log_.at(now_, steps_);
  for (std::size_t i = 0; i < at_step_.size(); ++i) {
    if (at_step_[i].first > steps_)
      continue;
    auto what = std::move(at_step_[i].second);
    at_step_.erase(at_step_.begin() + static_cast<std::ptrdiff_t>(i));
    what();
    return;
  }
  auto which = random_.below(due_.size() + scheduler_->jobs.size());
  if (which >= due_.size()) {
    run_job(which - due_.size());
    return;
  }
  std::swap(due_[which], due_.back());
  auto what = std::move(due_.back());
  due_.pop_back();
  what();
}

/// Moves the clock to whatever comes next; false if nothing comes up to `end`.
bool world::advance(core::time_point end) {
  auto next = end;
  bool any = false;
  if (!happenings_.empty() && happenings_.top().when <= next) {
    next = happenings_.top().when;
    any = true;
  }
  auto& timers = scheduler_->clock().schedule();
  if (!timers.empty() && timers.begin()->first <= next) {
    next = timers.begin()->first;
    any = true;
  }
  if (next > now_ && instant_over_) {
    instant_over_();
    if (stopped_ || !due_.empty() || scheduler_->has_job())
      return true; // The end of the instant brought something new.
  }
  scheduler_->advance_time(std::max(next - now_, core::duration{0}));
  now_ = scheduler_->clock().now();
  return any;
}

void world::collect_due() {
  while (!happenings_.empty() && happenings_.top().when <= now_) {
    // The queue gives no more than a const look at what it is about to drop.
    due_.push_back(std::move(const_cast<happening&>(happenings_.top()).what));
    happenings_.pop();
  }
}

// -- jobs -------------------------------------------------------------------------------

namespace {

caf::scheduled_actor* actor_of(caf::resumable* job) {
  return job->subtype() == caf::resumable::scheduled_actor
             ? static_cast<caf::scheduled_actor*>(job)
             : nullptr;
}

} // namespace

void world::run_job(std::size_t which) {
  auto& jobs = scheduler_->jobs;
  std::swap(jobs[which], jobs.front());
  auto* who = actor_of(jobs.front());
  auto owner = who ? owner_of(*who) : no_process;
  if (owner == no_process) {
    scheduler_->try_run_once();
    return;
  }
  meet(owner, *who);
  auto& host = processes_[owner];
  auto& lane = host.lanes[static_cast<std::size_t>(belongings_[who->id()].runs_on)];
  if (host.frozen || lane.busy_until > now_) {
    (host.frozen ? host.parked : lane.parked).push_back(jobs.front());
    jobs.pop_front();
    return;
  }
  run_front(owner, who);
}

void world::run_front(process_id owner, caf::scheduled_actor* who) {
  if (mail_)
    note_mail(*who);
  auto before = system_->latest_actor_id();
  auto runs_on = belongings_[who->id()].runs_on; // It may end.
  running_ = owner;
  scheduler_->try_run_once();
  running_ = no_process;
  adopt(owner, before);
  if (!cost_ || !processes_[owner].alive)
    return;
  if (auto cost = cost_(runs_on); cost.count() > 0)
    occupy(owner, runs_on, cost);
}

void world::note_mail(caf::scheduled_actor& who) {
  auto* mail = who.peek_at_next_mailbox_element();
  log_.note(name(owner_of(who)), "mail to {}: {}", who.name(),
            mail ? caf::to_string(mail->content()) : "(starts)");
}

// -- processes --------------------------------------------------------------------------

process_id world::add_process(std::string name) {
  processes_.push_back({});
  processes_.back().name = std::move(name);
  return processes_.size() - 1;
}

void world::adopt(process_id x, caf::actor_id before) {
  auto last = system_->latest_actor_id();
  if (last == before)
    return;
  if (belongings_.size() <= last)
    belongings_.resize(2 * last + 1);
  for (auto id = before + 1; id <= last; ++id)
    belongings_[id].owner = x;
}

process_id world::owner_of(const caf::scheduled_actor& x) const {
  return x.id() < belongings_.size() ? belongings_[x.id()].owner : no_process;
}

/// Every actor has a job before it can do anything: so all are known.
void world::meet(process_id owner, caf::scheduled_actor& who) {
  auto& x = belongings_[who.id()];
  if (std::exchange(x.met, true))
    return;
  processes_[owner].actors.emplace_back(who.ctrl());
  std::string_view name = who.name();
  x.runs_on = name == "partita.calculator"                ? thread::planning
              : name == "application" || name == "source" ? thread::host
                                                          : thread::session;
}

void world::freeze(process_id x) {
  if (!std::exchange(processes_[x].frozen, true))
    processes_[x].frozen_at = now_;
}

void world::thaw(process_id x) {
  auto& p = processes_[x];
  if (!std::exchange(p.frozen, false))
    return;
  p.thawed_at = now_;
  for (auto* job : std::exchange(p.parked, {}))
    scheduler_->jobs.push_back(job);
}

void world::occupy(process_id x, thread which, core::duration how_long) {
  auto& lane = processes_[x].lanes[static_cast<std::size_t>(which)];
  if (lane.busy_until < now_)
    lane.busy_since = now_;
  lane.busy_until = std::max(lane.busy_until, now_ + how_long);
  at(lane.busy_until, [=, this] { release(x, which); });
}

void world::release(process_id x, thread which) {
  auto& lane = processes_[x].lanes[static_cast<std::size_t>(which)];
  if (now_ < lane.busy_until)
    return; // It was given more to do meanwhile.
  for (auto* job : std::exchange(lane.parked, {}))
    scheduler_->jobs.push_back(job);
}

void world::kill(process_id x) {
  auto& p = processes_[x];
  if (!std::exchange(p.alive, false))
    return;
  thaw(x);
  for (std::size_t i = 0; i < count_of<thread>; ++i) {
    p.lanes[i].busy_until = now_;
    release(x, static_cast<thread>(i));
  }
  auto end = [](caf::abstract_actor& who) {
    // With high priority: nothing that waits is handled before.
    who.eq_impl(caf::make_message_id(caf::message_priority::high), nullptr, nullptr,
                caf::exit_msg{who.address(), caf::exit_reason::kill});
  };
  for (const auto& weak : std::exchange(p.actors, {}))
    if (auto strong = weak.lock())
      end(*strong->get());
  auto& jobs = scheduler_->jobs;
  for (;;) {
    auto job = std::find_if(jobs.begin(), jobs.end(), [&](caf::resumable* j) {
      auto* who = actor_of(j);
      return who && owner_of(*who) == x;
    });
    if (job == jobs.end())
      return;
    std::swap(*job, jobs.front());
    auto* who = actor_of(jobs.front());
    if (!belongings_[who->id()].met) {
      belongings_[who->id()].met = true;
      end(*who);
    }
    auto before = system_->latest_actor_id();
    scheduler_->try_run_once();
    adopt(x, before);
  }
}

} // namespace partita::simulation
