// SPDX-License-Identifier: Apache-2.0
#include "settings.hpp"

#include "partita/core/strategies/strategies.hpp"

#include <algorithm>
#include <string>

namespace partita::simulation {

namespace {

using std::chrono::milliseconds;

milliseconds in_ms(core::duration x) {
  return std::chrono::duration_cast<milliseconds>(x);
}

core::strategy some_strategy(rng& random, bool restless) {
  core::strategy_options result;
  auto names = core::strategy_names();
  if (restless)
    result.name = "round_robin";
  else if (random.chance(0.3))
    result.name = random.one_of(names);
  // Small rings are cheap to build; how even they divide is not the question here.
  result.virtual_nodes = 20;
  return core::make_strategy(result);
}

} // namespace

/// The longest chain of waits, each at its worst, one after the other:
/// - 5 s until every link and watch is back: a client's pause between two tries (0.3 s),
///   a watch's longest pause and patience (2 s + 2.5 heartbeats of at most 1 s);
/// - 3 leases: one that ran full before a follower takes over, one whose holder is met by
///   a greater epoch, and one for what gets in between;
/// - ttl (1 + 5 %), once each, for: the wait of newborn buckets or of a vanished record;
///   the silence of a worker that died last; the extra ttl of a mass silence; an
///   incarnation that waits for another one's end and is expelled only then; the end of a
///   session of one that cannot know better;
/// - the store's grace after an outage, and the hold for a worker that left to restart and
///   does not come back;
/// - two rounds of hand-off that run into their time-out, each with the forced expel's
///   ttl (1 + 5 %): one under way when the fault ends, one for the plan that follows;
/// - the windows and the cool-down, twice: the plan that follows the fault may find that
///   another one is due.
core::duration settings::settled_after() const {
  const auto& w = worker;
  auto ttl = core::with_clock_margin(w.heartbeat.ttl);
  const auto& r = w.rebalance;
  auto windows = std::max(r.cold_start_window, r.planned_scale_window) + r.min_interval;
  auto sum = std::chrono::seconds{5} + 3 * w.election.lease + 5 * ttl + w.degraded.grace
             + r.restart_hold + 2 * (r.handoff_timeout + ttl) + 2 * windows;
  // On the slowest clock.
  return sum + sum / 40;
}

settings settings_of(rng& random, const profile& faults) {
  settings s;
  s.workers = static_cast<std::size_t>(random.between(3, 8));
  s.partitions = static_cast<std::size_t>(random.between(4, 30));
  s.instances = random.chance(0.5);

  auto& w = s.worker;
  w.group.name = "group";
  w.buckets = bucket_options::of(w.group.name);
  constexpr milliseconds intervals[] = {milliseconds{200}, milliseconds{300},
                                        milliseconds{500}, milliseconds{700},
                                        milliseconds{1000}};
  w.heartbeat.interval = random.one_of(intervals);
  w.heartbeat.ttl = std::clamp(w.heartbeat.interval * random.between(3, 7),
                               milliseconds{1200}, milliseconds{6000});
  w.election.lease = in_ms(random.between(milliseconds{600}, milliseconds{3000}));
  w.timeouts.request = std::min(w.heartbeat.ttl, w.election.lease) / random.between(4, 8);
  if (faults.patient) {
    w.election.lease = std::max(w.election.lease, w.heartbeat.ttl);
    w.timeouts.request = w.heartbeat.ttl / 4;
  }
  w.worker.id_ttl = w.heartbeat.ttl * random.between(1, 5);
  auto& r = w.rebalance;
  r.settle_time = in_ms(random.between(milliseconds{100}, milliseconds{1000}));
  r.cold_start_window =
      r.settle_time + in_ms(random.between(milliseconds{0}, milliseconds{4000}));
  r.planned_scale_window =
      r.settle_time + in_ms(random.between(milliseconds{0}, milliseconds{2000}));
  r.min_interval = in_ms(random.between(milliseconds{200}, milliseconds{4000}));
  r.restart_hold = in_ms(random.between(milliseconds{2000}, milliseconds{8000}));
  r.handoff_timeout = in_ms(random.between(milliseconds{1500}, milliseconds{6000}));
  if (faults.restless) {
    r.settle_time = milliseconds{50};
    r.planned_scale_window = milliseconds{100};
    r.min_interval = milliseconds{200};
  }
  r.max_moves_in_flight =
      random.chance(0.3) ? static_cast<std::uint32_t>(random.between(1, 6)) : 0;
  if (faults.trickling) {
    r.max_moves_in_flight = 2;
    w.election.lease = milliseconds{3000};
  }
  w.timeouts.startup = milliseconds{20000};
  w.timeouts.shutdown = in_ms(random.between(milliseconds{3000}, milliseconds{15000}));
  w.degraded.after = w.heartbeat.ttl / 2;
  w.degraded.grace = in_ms(random.between(milliseconds{500}, milliseconds{3000}));
  constexpr milliseconds graces[] = {milliseconds{0}, milliseconds{0}, milliseconds{100},
                                     milliseconds{300}, milliseconds{500}};
  w.election.probe_grace = random.one_of(graces);
  w.end_if_work_goes_on = random.chance(0.5);
  w.strategy = some_strategy(random, faults.restless);

  s.watch_heartbeat =
      std::clamp(w.heartbeat.ttl / 4, milliseconds{200}, milliseconds{1000});
  s.shortest_way =
      random.log_between(std::chrono::microseconds{50}, std::chrono::milliseconds{3});
  s.shortest_way = core::duration{static_cast<core::duration::rep>(
      static_cast<double>(s.shortest_way.count()) * faults.distance)};
  // What takes longer than a request may is a fault, not a distance.
  s.shortest_way = std::min<core::duration>(s.shortest_way, w.timeouts.request / 12);
  s.slowest_listener = std::chrono::seconds{2};
  constexpr std::size_t limits[] = {80, 200, 600, std::size_t{1} << 20};
  s.most_value = random.one_of(limits);
  return s;
}

} // namespace partita::simulation
