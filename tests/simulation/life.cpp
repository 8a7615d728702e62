// SPDX-License-Identifier: Apache-2.0
#include "life.hpp"

#include "entry_text.hpp"
#include "operator_model.hpp"
#include "workload.hpp"

#include "partita/actors/shell.hpp"

#include <algorithm>

namespace partita::simulation {

using namespace std::chrono_literals;

namespace {

/// How long a settled group must stay as it is.
constexpr core::duration stable_for = 10s;

/// The world whose wall clock is shown.
const world* present_world = nullptr;

std::int64_t wall_seconds() {
  return wall_start_seconds
         + std::chrono::duration_cast<std::chrono::seconds>(
               present_world->now().time_since_epoch() + present_world->wall_ahead())
               .count();
}

/// Most messages take next to nothing; a plan may take long, and so may a listener.
core::duration cost_of_message(rng& random, thread which) {
  switch (which) {
  case thread::session:
    return random.chance(0.02) ? random.log_between(10us, 5ms) : 0us;
  case thread::planning:
    return random.chance(0.2) ? random.log_between(100us, 300ms) : 0us;
  case thread::host:
    return random.chance(0.1) ? random.log_between(10us, 50ms) : 0us;
  case thread::count:
    break;
  }
  return {};
}

core::duration minutes(double x) {
  return std::chrono::duration_cast<core::duration>(
      std::chrono::duration<double, std::ratio<60>>{x});
}

} // namespace

life_result live(const life_options& options) {
  world w{options.seed, options.mode, options.mail};
  present_world = &w;
  simulated_unix_seconds = &wall_seconds;
  auto s = settings_of(w.random(), options.faults);
  violations found{w, options.ignored};
  const auto& buckets = s.worker.buckets;
  auto bound = s.settled_after();
  bool with_watches = options.faults.watch_observers;
  server* served = nullptr;
  watch_checker watches{w, found, [&](const std::string& bucket, const std::string& key) {
                          return served->newest(bucket, key);
                        }};
  checker c{w,
            {buckets.assignment, buckets.heartbeat, bound},
            found,
            with_watches ? &watches : nullptr};
  server store{w,
               {.watch_heartbeat = s.watch_heartbeat,
                .wall_start_ns = wall_start_seconds * 1'000'000'000,
                .request_timeout = s.worker.timeouts.request,
                .latest_write = 2 * s.worker.heartbeat.ttl,
                .most_value = s.most_value,
                .alone = options.faults.lone_server,
                .declared = options.faults.lone_server ? buckets.assignment : ""},
               c};
  served = &store;
  group g{w, options.faults, s, store, c, watches, options.by_record};
  w.at_the_end_of_each_instant([&] { c.instant_over(); });
  if (options.faults.work_takes_time)
    w.messages_cost([&w](thread which) { return cost_of_message(w.random(), which); });

  // The peace at the end is part of the life, but fault has half of it at least.
  auto peace = bound + stable_for + 3 * s.worker.heartbeat.ttl;
  auto whole = minutes(options.minutes);
  auto faulty = std::max(whole - peace, whole / 2);
  workload load{w, options.faults, s, store, g, c, w.now() + faulty};
  operator_model directives{
      w, options.faults, s, store, g, c, options.seed, w.now() + faulty};
  load.start();
  directives.start();
  w.run_until(w.now() + faulty);

  // When the last fault is over shows only then: what leaves late counts, too.
  auto settle = [&] {
    // A process that gives up counts as a fault: one that does so each time that it is started
    // would make a life without end.
    auto enough = w.now() + 20 * bound;
    while (!w.stopped() && w.now() < std::min(c.last_fault() + bound, enough))
      w.run_until(c.last_fault() + bound);
    if (w.stopped())
      return;
    if (w.now() >= enough)
      found.add("the group settles in time after the last fault",
                "processes give up again and again");
    auto standing = directives.standing();
    if (auto why = c.unsettled(standing); !why.empty())
      found.add("the group settles in time after the last fault", why);
    if (auto why = c.unheeded(standing); !why.empty())
      found.add("a calm group follows the directives", why);
    if (auto key = directives.left_over(); !key.empty())
      found.add("what was carried out no longer stands", key + " is still there");
  };
  if (!w.stopped()) {
    load.finish();
    directives.finish();
  }
  settle();
  if (directives.any() && !w.stopped()) {
    // Once more without any fault, and then without directives.
    auto before = c.held_under_cordon(directives.standing());
    directives.change_in_peace();
    settle();
    if (!w.stopped())
      if (auto why =
              c.gained_since(before, directives.standing(), directives.pinned_in_peace());
          !why.empty())
        found.add("a cordoned worker gains nothing but what is pinned to it", why);
  }
  if (directives.any() && !w.stopped()) {
    directives.take_all_back();
    settle();
  }
  // A life is as long as was asked for.
  if (!w.stopped())
    w.run_until(
        w.now()
        + std::max(whole - stable_for - w.now().time_since_epoch(), core::duration{0}));
  auto last_change = c.last_change();
  auto leaderships = c.leaderships();
  if (!w.stopped())
    w.run_until(w.now() + stable_for);
  if (!w.stopped() && (c.last_change() != last_change || c.leaderships() != leaderships))
    found.add("a settled group stays as it is",
              c.unsettled().empty() ? "work moved" : c.unsettled());
  if (!w.stopped() && with_watches)
    watches.judge_end(buckets.assignment, store.entries(buckets.assignment));

  life_result result;
  result.found = found.first();
  result.steps = w.steps();
  result.simulated = w.now().time_since_epoch();
  result.processes = g.processes();
  result.leaderships = c.leaderships();
  result.grants = c.grants();
  result.needless_moves = c.needless_moves();
  result.bound = bound;
  result.settled_after = std::max(core::duration{0}, last_change - c.last_fault());
  result.tail = w.log().tail();
  return result;
}

} // namespace partita::simulation
