// SPDX-License-Identifier: Apache-2.0
#include "group.hpp"

#include "goodbye.hpp"

#include "partita/messages/failpoint.hpp"

#include <caf/actor_cast.hpp>
#include <caf/send.hpp>

#include <utility>

namespace partita::simulation {

namespace {

using std::chrono::milliseconds;

} // namespace

group::group(world& w, const profile& faults, const simulation::settings& settings,
             server& store, checker& c, watch_checker& watches, bool by_record)
    : world_(&w),
      faults_(&faults),
      settings_(&settings),
      server_(&store),
      checker_(&c),
      watches_(&watches),
      by_record_(by_record) {
  for (std::size_t i = 0; i < settings.partitions; ++i)
    partitions_.push_back({{"p", std::to_string(i)}, 100});
  c.source_has(partitions_);
  c.on_stopped = [this](process_id x, const std::string& failure) {
    stopped(x, failure);
  };
}

group::~group() {
  world_->end();
}

// -- processes --------------------------------------------------------------------------

std::size_t group::add_slot(bool named) {
  slots_.push_back({});
  if (named)
    rename(slots_.size() - 1);
  return slots_.size() - 1;
}

void group::rename(std::size_t slot) {
  slots_[slot].instance = "place-" + std::to_string(++names_);
}

worker_options group::options_of(std::size_t slot, const worker_clock& clock) {
  auto result = settings_->worker;
  auto& random = world_->random();
  // Each process has its own. A bucket that one with the shortest has made must do for all.
  if (random.chance(0.5)) {
    auto longest = result.heartbeat.ttl;
    result.heartbeat.ttl = std::chrono::duration_cast<milliseconds>(
        random.between(std::max<core::duration>(longest * 2 / 3, milliseconds{1000}),
                       core::duration{longest}));
    result.heartbeat.interval =
        std::min(result.heartbeat.interval, result.heartbeat.ttl / 3);
    result.timeouts.request = std::min(result.timeouts.request, result.heartbeat.ttl / 4);
    result.degraded.after = result.heartbeat.ttl / 2;
  }
  result.worker.instance = slots_[slot].instance;
  result.clock = clock;
  result.random_seed = world_->random()() | 1;
  return result;
}

double group::some_rate() {
  auto spread = faults_->clock_spread;
  if (spread == 0)
    return 1;
  auto& random = world_->random();
  if (faults_->clocks_at_the_ends)
    return random.chance(0.5) ? 1 + spread : 1 - spread;
  return 1 + spread * (2 * random.real() - 1);
}

listener_manner group::some_manner() {
  auto& random = world_->random();
  if (random.chance(faults_->stubborn_listeners))
    return listener_manner::stubborn;
  return random.chance(faults_->slow_listeners) ? listener_manner::slow
                                                : listener_manner::prompt;
}

core::duration group::one_way() {
  auto& random = world_->random();
  auto result = random.between(settings_->shortest_way, 2 * settings_->shortest_way);
  if (random.chance(0.01))
    result = std::max(result, std::min<core::duration>(
                                  10 * result, settings_->worker.timeouts.request / 3));
  if (slow_.count() > 0)
    result += random.log_between(milliseconds{1}, slow_);
  return result;
}

void group::start(std::size_t where) {
  if (slots_[where].process != no_process)
    return;
  auto id = world_->add_process(fmt::format("P{}", hosts_.size()));
  slots_[where].process = id;
  auto rate = some_rate();
  auto manner = some_manner();
  checker_->born(id, rate, manner == listener_manner::stubborn);
  checker_->faults_until(world_->now());
  auto& x = *hosts_.emplace_back(std::make_unique<host>());
  x.id = id;
  x.slot = where;
  x.clock = worker_clock::of_actors(rate, core::time_point{});
  x.wire =
      std::make_unique<network_link>(*world_, *server_, id, [this] { return one_way(); });
  world_->log().note(world_->name(id), "starts{}{}; clock {:+.2f} %{}",
                     slots_[where].instance.empty() ? "" : " in ", slots_[where].instance,
                     100 * (rate - 1),
                     manner == listener_manner::prompt ? ""
                     : manner == listener_manner::slow ? "; slow listener"
                                                       : "; stubborn listener");
  auto options = options_of(where, x.clock);
  if (auto spread = faults_->wall_spread; spread > 0)
    world_->set_wall_clock(id, std::chrono::milliseconds{static_cast<std::int64_t>(
                                   spread * 1000 * (2 * world_->random().real() - 1))});
  if (faults_->guarded) {
    x.guard = std::make_shared<guard_process>(
        *world_, x.clock, [this, id](const std::string& why) {
          auto* it = find(id);
          if (!it)
            return;
          world_->log().note(world_->name(id), "is killed by its guard: {}", why);
          die(id);
          if (on_end)
            on_end(it->slot, true);
        });
    options.on_deadline = x.guard;
  }
  world_->within(id, [&] {
    x.client = store::spawn_memory_client(world_->system(), x.wire->server_handle(),
                                          {.request_timeout = options.timeouts.request,
                                           .watch_heartbeat = settings_->watch_heartbeat,
                                           .answers_are_certain = false});
    x.wire->belongs_to(x.client);
    x.source = spawn_source(*world_, partitions_);
    x.application = spawn_application(*world_,
                                      {.owner = id,
                                       .manner = manner,
                                       .clock = x.clock,
                                       .slowest = settings_->slowest_listener,
                                       .peace = &peace_,
                                       .by_record = by_record_},
                                      *checker_);
    x.supervisor =
        spawn_supervisor(world_->system(), std::move(options),
                         caf::actor_cast<store_actor>(x.client), x.source, x.application);
    const auto& buckets = settings_->worker.buckets;
    if (faults_->watch_observers)
      x.watch_observer =
          spawn_watch_observer(*world_, id, caf::actor_cast<store_actor>(x.client),
                               {buckets.assignment, buckets.heartbeat}, *watches_);
    return 0;
  });
  if (parted_ != parting::no) {
    parted_hosts_.insert(id);
    if (parted_ == parting::blocked) {
      x.wire->block(true, true, parting_patience_);
    } else {
      x.wire->refuse();
      x.wire->break_off(milliseconds{0}, milliseconds{50});
    }
  }
}

void group::start_later(std::size_t where, core::duration pause) {
  world_->after(pause, [=, this] { start(where); });
}

void group::die(process_id id, core::duration outlived_by) {
  auto* x = find(id);
  if (!x)
    return;
  std::shared_ptr<goodbye> last_words;
  // One that kills its worker has ended for the simulation before it gets here.
  if (x->guard && (x->guard->works() || x->guard->has_killed()))
    last_words =
        std::make_shared<goodbye>(*world_, *server_, id, settings_->worker.buckets,
                                  x->guard->dead(), settings_->worker.heartbeat.ttl);
  end(id, outlived_by);
  if (last_words)
    world_->after(failpoint(rule::goodbye_before_the_end) ? core::duration{0}
                                                          : outlived_by,
                  [last_words] { last_words->begin(); });
}

void group::end(process_id id, core::duration outlived_by) {
  auto* x = find(id);
  if (!x)
    return;
  world_->log().note(world_->name(id), "ends");
  x->wire->orphan();
  world_->kill(id);
  if (x->guard)
    x->guard->end();
  if (outlived_by.count() == 0 || !x->guard)
    checker_->died(id);
  else
    world_->after(outlived_by, [=, this] { checker_->died(id); });
  checker_->faults_until(world_->now() + outlived_by);
  slots_[x->slot].process = no_process;
  x->client = nullptr;
  x->source = nullptr;
  x->application = nullptr;
  x->supervisor = nullptr;
  x->watch_observer = nullptr;
}

void group::stopped(process_id id, const std::string& failure) {
  // Not from within its own actor.
  world_->at(world_->now(), [this, id, failed = !failure.empty()] {
    auto* x = find(id);
    if (!x)
      return;
    end(id, core::duration{0});
    if (on_end)
      on_end(x->slot, failed);
  });
}

void group::freeze(process_id id, core::duration how_long) {
  // Anywhere in what it does at this instant.
  world_->after_steps(world_->random().below(30), [=, this] {
    if (!world_->alive(id) || world_->frozen(id))
      return;
    world_->log().note(world_->name(id), "freezes for {} ms", how_long / milliseconds{1});
    world_->freeze(id);
    world_->after(how_long, [=, this] {
      if (!world_->alive(id))
        return;
      world_->log().note(world_->name(id), "thaws");
      world_->thaw(id);
      checker_->thawed(id);
    });
  });
}

void group::freeze_guard(process_id id, core::duration how_long) {
  auto* x = find(id);
  if (!x || !x->guard || !x->guard->works())
    return;
  world_->log().note(world_->name(id), "its guard freezes for {} ms",
                     how_long / milliseconds{1});
  checker_->guarded(id, false);
  x->guard->freeze();
  world_->after(how_long, [=, this, guard = x->guard] {
    world_->log().note(world_->name(id), "its guard thaws");
    guard->thaw();
    if (guard->works())
      checker_->guarded(id, true);
  });
}

void group::kill_guard(process_id id) {
  auto* x = find(id);
  if (!x || !x->guard || !x->guard->works())
    return;
  world_->log().note(world_->name(id), "its guard is killed");
  checker_->guarded(id, false);
  x->guard->end();
  leave(id, leave_mode::configured);
}

void group::leave(process_id id, leave_mode how) {
  auto* x = find(id);
  if (!x)
    return;
  x->leaving = true;
  world_->log().note(world_->name(id), "is ordered to leave: {}", to_string(how));
  checker_->leaving(id);
  caf::anon_send(x->supervisor, stop_worker{how});
  auto patience = settings_->worker.timeouts.shutdown + std::chrono::seconds{5};
  checker_->faults_until(world_->now());
  world_->after(patience, [=, this] {
    if (auto* late = find(id)) {
      die(id);
      if (on_end)
        on_end(late->slot, true);
    }
  });
}

std::vector<host*> group::living() {
  std::vector<host*> result;
  for (const auto& x : slots_)
    if (x.process != no_process)
      result.push_back(hosts_[x.process].get());
  return result;
}

host* group::any() {
  auto all = living();
  return all.empty() ? nullptr : world_->random().one_of(all);
}

host* group::find(process_id x) {
  return x < hosts_.size() && world_->alive(x) ? hosts_[x].get() : nullptr;
}

host* group::in_slot(std::size_t where) {
  return find(slots_[where].process);
}

// -- all of them ------------------------------------------------------------------------

void group::part_all(bool broken, core::duration patience) {
  if (parted_ != parting::no)
    return;
  parted_ = broken ? parting::broken : parting::blocked;
  parting_patience_ = patience;
  for (auto* x : living()) {
    parted_hosts_.insert(x->id);
    if (broken) {
      x->wire->refuse();
      x->wire->break_off(world_->random().log_between(milliseconds{1}, milliseconds{300}),
                         milliseconds{50});
    } else {
      x->wire->block(true, true, patience);
    }
  }
}

void group::admit_all() {
  auto how = std::exchange(parted_, parting::no);
  for (auto id : std::exchange(parted_hosts_, {})) {
    if (how == parting::blocked)
      hosts_[id]->wire->unblock(true, true);
    else
      hosts_[id]->wire->admit();
  }
}

// -- partitions -------------------------------------------------------------------------

void group::change_partitions(std::vector<partition> xs, core::duration at_most) {
  partitions_ = std::move(xs);
  checker_->source_has(partitions_);
  world_->log().note("world", "there are {} partitions now", partitions_.size());
  for (auto* x : living())
    world_->after(world_->random().between(core::duration{0}, at_most),
                  [this, id = x->id] {
                    if (auto* y = find(id))
                      caf::anon_send(y->source, partition_list{partitions_});
                  });
}

} // namespace partita::simulation
