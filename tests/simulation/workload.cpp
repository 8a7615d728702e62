// SPDX-License-Identifier: Apache-2.0
#include "workload.hpp"

#include <caf/send.hpp>

#include <algorithm>
#include <utility>

namespace partita::simulation {

using namespace std::chrono_literals;

namespace {

/// Another mixture for every life: what is always there hides what follows from its
/// absence.
profile mixed(const profile& x, rng& random) {
  if (!x.mixed)
    return x;
  auto result = x;
  for (std::size_t i = 0; i < count_of<fault>; ++i) {
    constexpr double factors[] = {0, 0.3, 1, 1, 2.5};
    // Seeds are the same lives as before there were the newest faults.
    if (i <= static_cast<std::size_t>(fault::thread_stalls) || result.rates[i] > 0)
      result.rates[i] *= random.one_of(factors);
  }
  if (random.chance(0.3))
    result.slow_listeners = result.stubborn_listeners = 0;
  return result;
}

} // namespace

workload::workload(world& w, const profile& faults, const settings& s, server& store,
                   group& g, checker& c, core::time_point end)
    : world_(&w),
      faults_(mixed(faults, w.random())),
      settings_(&s),
      server_(&store),
      group_(&g),
      checker_(&c),
      end_(end),
      workers_make_buckets_(faults.workers_make_buckets) {
  const auto& b = s.worker.buckets;
  buckets_ = {b.stable_id, b.election, b.heartbeat, b.assignment};
  if (faults.directives > 0)
    buckets_.push_back(b.control);
  g.on_end = [this](std::size_t slot, bool failed) { left(slot, failed); };
  c.on_news = [this](process_id who, const std::string& bucket) {
    if (ambushes_ == 0 || over() || !world_->random().chance(0.2))
      return;
    if (faults_.focus && bucket != buckets_[*faults_.focus])
      return;
    --ambushes_;
    spring(who, bucket);
  };
}

void workload::start() {
  for (std::size_t i = 0; i < settings_->workers; ++i) {
    auto slot = group_->add_slot(settings_->instances);
    group_->start_later(slot, world_->random().between(1ms, 2s));
  }
  checker_->faults_until(world_->now() + 2s);
  for (std::size_t i = 0; i < count_of<fault>; ++i)
    schedule(static_cast<fault>(i));
}

void workload::finish() {
  rolling_.clear();
  group_->make_peace();
  for (std::size_t i = 0; i < group_->slots(); ++i)
    if (!group_->in_slot(i) && (i < 2 || world_->random().chance(0.7)))
      group_->start_later(i, world_->random().between(1ms, 1s));
  checker_->faults_until(world_->now() + 1s);
}

void workload::schedule(fault what) {
  auto a_minute = faults_[what];
  if (a_minute <= 0)
    return;
  auto mean = core::duration{static_cast<core::duration::rep>(60e9 / a_minute)};
  world_->after(world_->random().until_next(mean), [=, this] {
    if (over())
      return;
    strike(what);
    schedule(what);
  });
}

void workload::strike(fault what) {
  checker_->faults_until(world_->now());
  switch (what) {
  case fault::crash:
    return crash();
  case fault::freeze:
    return freeze();
  case fault::cut:
    return cut();
  case fault::store_away:
    return part();
  case fault::store_slow:
    return slow_down();
  case fault::answers_lost:
    return lose_answers();
  case fault::writes_late:
    return delay_writes();
  case fault::watch_lags:
    return lag_watches();
  case fault::watch_gaps:
    return break_watches();
  case fault::watch_dies:
    return kill_watches();
  case fault::api_away:
    return take_api_away();
  case fault::replay_stale:
    return play_old_replicas();
  case fault::ttl_late:
    return expire_late();
  case fault::bucket_lost:
    return lose_bucket();
  case fault::writes_lost:
    return lose_writes();
  case fault::server_restarts:
    return restart_server();
  case fault::entry_removed:
    return remove_entry();
  case fault::entry_poisoned:
    return poison_entry();
  case fault::usurped:
    return usurp();
  case fault::ambush:
    ++ambushes_;
    return;
  case fault::leave:
    return leave();
  case fault::rolling_restart:
    return begin_rolling_restart();
  case fault::arrival:
    return arrive();
  case fault::partitions_change:
    return change_partitions();
  case fault::thread_stalls:
    return stall_thread();
  case fault::guard_freezes:
    return freeze_guard();
  case fault::guard_dies:
    return kill_guard();
  case fault::clock_steps:
    return set_server_clock();
  case fault::count:
    break;
  }
}

core::duration workload::lasting(core::duration shortest, core::duration longest) {
  auto result = world_->random().log_between(shortest, longest);
  result = std::min(result, std::max(end_ - world_->now(), core::duration{1ms}));
  checker_->faults_until(world_->now() + result);
  return result;
}

const std::string& workload::some_bucket() {
  return world_->random().one_of(buckets_);
}

const std::string& workload::struck_bucket() {
  if (faults_.focus && world_->random().chance(0.8))
    return buckets_[*faults_.focus];
  return some_bucket();
}

// -- processes --------------------------------------------------------------------------

host* workload::victim() {
  if (world_->random().chance(0.3))
    for (auto* x : group_->living())
      if (checker_->leading(x->id))
        return x;
  return group_->any();
}

/// An answer that waits for a frozen process may be the last thing that it gets.
void workload::freeze_and_cut(process_id who) {
  auto& random = world_->random();
  const auto& worker = settings_->worker;
  if (random.chance(0.5)) {
    group_->freeze(who, lasting(1ms, 10 * worker.election.lease));
    return;
  }
  auto how_long = lasting(1ms, worker.timeouts.request);
  group_->freeze(who, how_long);
  world_->after(how_long + random.log_between(1us, 5ms), [=, this] {
    if (auto* x = group_->find(who))
      cut_off(*x);
  });
}

/// Strikes a process that has just sent a write on its way.
void workload::spring(process_id who, const std::string& bucket) {
  auto& random = world_->random();
  world_->log().note(world_->name(who), "walks into an ambush");
  switch (random.below(5)) {
  case 0:
    // Frozen with the write on its way: other actors of the process may do more first.
    freeze_and_cut(who);
    return;
  case 1:
    world_->after_steps(random.below(20), [=, this] {
      auto* x = group_->find(who);
      if (!x)
        return;
      auto slot = x->slot;
      group_->die(who);
      come_back(slot, false);
    });
    return;
  case 2:
    // From a moment on at which the write may or may not have happened.
    world_->after(random.log_between(1us, 20ms), [=, this] {
      if (auto* x = group_->find(who))
        cut_off(*x);
    });
    return;
  case 3: {
    fault_window x;
    x.what = fault::writes_late;
    x.who = who;
    x.bucket = bucket;
    x.delay = random.log_between(10ms, 3 * settings_->worker.heartbeat.ttl);
    begin(x, lasting(5ms, 200ms));
    return;
  }
  default: {
    fault_window x;
    x.what = fault::answers_lost;
    x.who = who;
    x.bucket = bucket;
    begin(x, lasting(5ms, 2s));
  }
  }
}

void workload::crash() {
  auto* x = victim();
  if (!x)
    return;
  auto slot = x->slot;
  world_->log().note(world_->name(x->id), "crashes");
  // The guard is notified by the system, and kills what is left.
  auto outlived_by = x->guard && x->guard->works()
                         ? world_->random().log_between(100us, 100ms)
                         : core::duration{0};
  group_->die(x->id, outlived_by);
  if (world_->random().chance(0.85))
    come_back(slot, false);
}

void workload::come_back(std::size_t slot, bool soon) {
  auto& random = world_->random();
  if (random.chance(0.15) && settings_->instances)
    group_->rename(slot);
  auto pause = soon ? random.log_between(1ms, 1s) : random.log_between(1ms, 15s);
  pause = std::min(pause, std::max(end_ - world_->now(), core::duration{1s}));
  checker_->faults_until(world_->now() + pause);
  group_->start_later(slot, pause);
}

void workload::freeze() {
  auto* x = victim();
  if (x)
    group_->freeze(x->id, lasting(1ms, 10 * settings_->worker.election.lease));
}

void workload::stall_thread() {
  auto* x = victim();
  if (!x)
    return;
  auto which = static_cast<thread>(world_->random().below(count_of<thread>));
  auto how_long = lasting(1ms, 2 * settings_->worker.heartbeat.ttl);
  constexpr const char* names[] = {"session", "planning", "host"};
  world_->log().note(world_->name(x->id), "its {} thread is blocked for {} ms",
                     names[static_cast<std::size_t>(which)], how_long / 1ms);
  world_->occupy(x->id, which, how_long);
}

void workload::freeze_guard() {
  if (auto* x = victim())
    group_->freeze_guard(x->id, lasting(1ms, 2 * settings_->worker.heartbeat.ttl));
}

void workload::kill_guard() {
  auto* x = group_->any();
  if (!x || x->leaving)
    return;
  returning_.insert(x->slot);
  group_->kill_guard(x->id);
}

void workload::set_server_clock() {
  auto& random = world_->random();
  auto by = random.log_between(10ms, 100s) * (random.chance(0.5) ? 1 : -1);
  world_->log().note("store", "its wall clock is set by {} ms", by / 1ms);
  server_->step_wall_clock(by);
}

void workload::leave() {
  auto& random = world_->random();
  auto* x = group_->any();
  if (!x || x->leaving)
    return;
  constexpr leave_mode modes[] = {leave_mode::drain, leave_mode::drain,
                                  leave_mode::restart, leave_mode::stop,
                                  leave_mode::configured};
  auto mode = random.one_of(modes);
  if (mode == leave_mode::restart || random.chance(0.7))
    returning_.insert(x->slot);
  group_->leave(x->id, mode);
}

void workload::begin_rolling_restart() {
  if (!rolling_.empty())
    return;
  for (auto* x : group_->living())
    rolling_.push_back(x->slot);
  roll_on();
}

void workload::roll_on() {
  while (!rolling_.empty()) {
    auto* x = group_->in_slot(rolling_.front());
    if (x && !x->leaving) {
      returning_.insert(x->slot);
      group_->leave(x->id, leave_mode::restart);
      return; // Goes on when it has left.
    }
    rolling_.pop_front();
  }
}

void workload::arrive() {
  if (group_->living().size() >= settings_->most_workers)
    return;
  auto slot = group_->add_slot(settings_->instances);
  group_->start(slot);
}

void workload::left(std::size_t slot, bool failed) {
  if (returning_.erase(slot) > 0 || failed)
    come_back(slot, true);
  if (!rolling_.empty() && rolling_.front() == slot) {
    rolling_.pop_front();
    world_->after(world_->random().log_between(10ms, 3s), [this] {
      if (!over())
        roll_on();
    });
  }
}

// -- the way to the store ---------------------------------------------------------------

void workload::cut() {
  if (auto* x = victim())
    cut_off(*x);
}

void workload::cut_off(host& x) {
  auto& random = world_->random();
  auto id = x.id;
  if (random.chance(0.25)) {
    auto pause = lasting(1ms, 2 * settings_->worker.heartbeat.ttl);
    auto notice = random.log_between(1ms, 300ms);
    checker_->faults_until(world_->now() + pause + notice);
    x.wire->break_off(notice, pause);
    return;
  }
  if (random.chance(0.2)) {
    turn(x);
    return;
  }
  auto which = random.below(4);
  bool up = which != 0;
  bool down = which != 1;
  auto how_long = lasting(10ms, 3 * settings_->worker.heartbeat.ttl);
  world_->log().note(world_->name(id), "is cut off{} for {} ms",
                     up && down ? ""
                     : up       ? " (its requests)"
                                : " (what it receives)",
                     how_long / 1ms);
  auto* wire = x.wire.get();
  wire->block(up, down, random.log_between(300ms, 4s));
  world_->after(how_long, [=, this] {
    world_->log().note(world_->name(id), "is no longer cut off");
    wire->unblock(up, down);
  });
}

/// First nothing comes back, for about as long as a request waits for its answer. From
/// the moment on at which something does, nothing goes out.
void workload::turn(host& x) {
  auto& random = world_->random();
  auto request = settings_->worker.timeouts.request;
  auto first = random.between(request / 4, request * 5 / 4);
  auto second = lasting(10ms, 3 * settings_->worker.heartbeat.ttl);
  checker_->faults_until(world_->now() + first + second);
  world_->log().note(world_->name(x.id),
                     "receives nothing for {} ms, then sends nothing for {}", first / 1ms,
                     second / 1ms);
  auto* wire = x.wire.get();
  wire->block(false, true, 10s);
  world_->after(first, [=, this] {
    wire->block(true, false, 4s);
    wire->unblock(false, true);
    world_->after(second, [=] { wire->unblock(true, false); });
  });
}

void workload::part() {
  auto& random = world_->random();
  auto how_long = lasting(50ms, 3 * settings_->worker.heartbeat.ttl);
  bool broken = random.chance(0.5);
  world_->log().note("store", "is away for {} ms", how_long / 1ms);
  group_->part_all(broken, random.log_between(300ms, 4s));
  world_->after(how_long, [this] { group_->admit_all(); });
}

void workload::slow_down() {
  auto up_to = world_->random().log_between(20ms, 3 * settings_->worker.timeouts.request);
  auto how_long = lasting(200ms, 20s);
  world_->log().note("store", "is up to {} ms slower for {} ms", up_to / 1ms,
                     how_long / 1ms);
  group_->slow_down(up_to);
  world_->after(how_long, [this] { group_->slow_down(0ms); });
}

// -- partitions -------------------------------------------------------------------------

void workload::change_partitions() {
  auto& random = world_->random();
  auto xs = group_->partitions();
  auto n = random.between(1, 3);
  switch (random.below(3)) {
  case 0:
    for (auto i = n; i > 0; --i) {
      // Sometimes one of those that went, or merely a new one.
      partition x{{"p", std::to_string(random.below(40))}, 100};
      if (std::none_of(xs.begin(), xs.end(),
                       [&](const auto& y) { return y.keys == x.keys; }))
        xs.push_back(std::move(x));
    }
    break;
  case 1: {
    std::vector<partition> gone;
    for (auto i = n; i > 0 && xs.size() > 2; --i) {
      auto where = xs.begin() + static_cast<std::ptrdiff_t>(random.below(xs.size()));
      gone.push_back(*where);
      xs.erase(where);
    }
    // Some come back while their owner is still about to let go of them.
    if (random.chance(0.5))
      world_->after(random.log_between(50ms, 5s), [this, gone] { bring_back(gone); });
    break;
  }
  default:
    random.one_of(xs).weight = random.between(1, 500);
  }
  auto at_most = random.log_between(1ms, 1500ms);
  checker_->faults_until(world_->now() + at_most);
  group_->change_partitions(std::move(xs), at_most);
}

void workload::bring_back(const std::vector<partition>& gone) {
  if (over())
    return;
  auto xs = group_->partitions();
  for (const auto& x : gone)
    if (std::none_of(xs.begin(), xs.end(),
                     [&](const auto& y) { return y.keys == x.keys; }))
      xs.push_back(x);
  checker_->faults_until(world_->now());
  group_->change_partitions(std::move(xs), core::duration{0});
}

} // namespace partita::simulation
