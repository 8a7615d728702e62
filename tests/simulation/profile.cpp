// SPDX-License-Identifier: Apache-2.0
#include "profile.hpp"

#include <algorithm>

namespace partita::simulation {

namespace {

using enum fault;

struct rate {
  fault what;
  double a_minute;
};

profile with_rates(std::string name, std::initializer_list<rate> rates) {
  profile result;
  result.name = std::move(name);
  for (const auto& x : rates)
    result[x.what] = x.a_minute;
  return result;
}

profile combined(const profile& a, const profile& b) {
  profile result = a;
  for (std::size_t i = 0; i < count_of<fault>; ++i)
    result.rates[i] = std::max(a.rates[i], b.rates[i]);
  result.directives = std::max(a.directives, b.directives);
  result.clock_spread = std::max(a.clock_spread, b.clock_spread);
  result.clocks_at_the_ends = a.clocks_at_the_ends || b.clocks_at_the_ends;
  result.slow_listeners = std::max(a.slow_listeners, b.slow_listeners);
  result.stubborn_listeners = std::max(a.stubborn_listeners, b.stubborn_listeners);
  result.distance = std::max(a.distance, b.distance);
  result.patient = a.patient || b.patient;
  result.trickling = a.trickling || b.trickling;
  result.lone_server = a.lone_server && b.lone_server;
  result.workers_make_buckets = a.workers_make_buckets && b.workers_make_buckets;
  result.restless = a.restless || b.restless;
  result.focus = a.focus ? a.focus : b.focus;
  result.watch_observers = a.watch_observers || b.watch_observers;
  result.guarded = a.guarded || b.guarded;
  result.work_takes_time = a.work_takes_time || b.work_takes_time;
  result.wall_spread = std::max(a.wall_spread, b.wall_spread);
  result.mixed = a.mixed && b.mixed;
  return result;
}

std::vector<profile> make_profiles() {
  std::vector<profile> xs;
  xs.push_back(with_rates("calm", {}));
  xs.push_back(with_rates(
      "churn",
      {{leave, 2}, {rolling_restart, 0.3}, {arrival, 1}, {partitions_change, 3}}));
  xs.push_back(with_rates("crashes", {{crash, 4}}));
  xs.push_back(with_rates("freezes", {{freeze, 10}}));
  xs.push_back(with_rates("ambushes", {{ambush, 8}, {leave, 1}, {arrival, 1}}));
  xs.push_back(with_rates("network", {{cut, 8}, {store_slow, 0.5}}));
  xs.push_back(with_rates("store", {{store_away, 0.6},
                                    {store_slow, 1},
                                    {answers_lost, 2},
                                    {watch_lags, 2},
                                    {watch_gaps, 3},
                                    {watch_dies, 2},
                                    {api_away, 1},
                                    {replay_stale, 2},
                                    {ttl_late, 1},
                                    {server_restarts, 0.4}}));
  xs.back().watch_observers = true;
  xs.push_back(
      with_rates("late_writes", {{writes_late, 4}, {answers_lost, 2}, {crash, 1}}));
  xs.push_back(with_rates("clocks", {{freeze, 3}, {cut, 4}, {crash, 1}}));
  xs.back().clock_spread = 0.024;
  xs.push_back(with_rates(
      "listeners", {{leave, 2}, {partitions_change, 2}, {arrival, 1}, {crash, 1}}));
  xs.back().slow_listeners = 0.5;
  xs.back().stubborn_listeners = 0.15;
  xs.push_back(with_rates("leaders", {{usurped, 3},
                                      {freeze, 3},
                                      {watch_lags, 2},
                                      {leave, 1},
                                      {arrival, 1},
                                      {partitions_change, 3}}));
  xs.push_back(with_rates("buckets", {{bucket_lost, 0.5},
                                      {writes_lost, 0.6},
                                      {entry_removed, 1},
                                      {entry_poisoned, 1},
                                      {server_restarts, 0.4},
                                      {crash, 1}}));
  xs.push_back(with_rates("gone_buckets", {{bucket_lost, 0.5}, {server_restarts, 0.4}}));
  xs.back().workers_make_buckets = true;
  // All that was tried before there were directives: the same seeds are the same lives.
  profile undirected;
  for (const auto& x : xs)
    undirected = combined(undirected, x);
  undirected.name = "undirected";
  // One after the other, most of the time: a group that is never left in peace does
  // nothing that could go wrong.
  for (auto& x : undirected.rates)
    x *= 0.4;
  auto all = undirected;
  all.name = "all";
  all.directives = 4;
  xs.push_back(std::move(undirected));
  xs.push_back(with_rates("directives", {{crash, 1},
                                         {usurped, 1},
                                         {leave, 1},
                                         {arrival, 1},
                                         {partitions_change, 2},
                                         {answers_lost, 1},
                                         {watch_gaps, 2},
                                         {watch_dies, 1},
                                         {bucket_lost, 0.3},
                                         {writes_lost, 0.3},
                                         {entry_removed, 0.5}}));
  xs.back().directives = 12;
  xs.push_back(with_rates("known_server", {{server_restarts, 0.4},
                                           {bucket_lost, 0.3},
                                           {crash, 3},
                                           {leave, 2},
                                           {rolling_restart, 0.5},
                                           {arrival, 1},
                                           {usurped, 1},
                                           {freeze, 2},
                                           {cut, 2},
                                           {writes_late, 1},
                                           {answers_lost, 1}}));
  xs.back().lone_server = true;
  auto busy = with_rates("busy", {{thread_stalls, 8},
                                  {guard_freezes, 1},
                                  {guard_dies, 0.5},
                                  {clock_steps, 0.5},
                                  {crash, 1.5},
                                  {freeze, 2},
                                  {cut, 2},
                                  {leave, 1},
                                  {arrival, 1},
                                  {partitions_change, 3}});
  busy.guarded = busy.work_takes_time = true;
  busy.clock_spread = 0.024;
  // Greater differences matter where a store is lost as a whole (docs/protocol.md, "epoch").
  busy.wall_spread = 0.4;
  busy.slow_listeners = 0.3;
  auto everything = combined(all, busy);
  everything.name = "everything";
  everything[replay_stale] = 5;
  xs.push_back(std::move(busy));
  xs.push_back(std::move(all));
  xs.push_back(std::move(everything));
  return xs;
}

profile hunting(std::initializer_list<rate> rates,
                std::initializer_list<rate> more = {}) {
  auto result = combined(with_rates("", rates), with_rates("", more));
  result.mixed = false;
  return result;
}

std::vector<failpoint_case> make_failpoints() {
  std::vector<failpoint_case> xs;
  auto add = [&](rule what, std::string name, profile faults) {
    faults.name = name;
    xs.push_back({what, std::move(name), std::move(faults)});
    return &xs.back().faults;
  };
  using enum rule;
  constexpr std::size_t heartbeats = 2;
  constexpr std::size_t assignments = 3;
  // Much to decide, all the time.
  const auto busy =
      std::initializer_list<rate>{{leave, 6}, {arrival, 6}, {partitions_change, 20}};
  const auto two_leaders = std::initializer_list<rate>{{usurped, 20}, {freeze, 2}};

  auto* p = add(deadline_from_answer, "deadline_from_answer",
                hunting({{ambush, 120}, {cut, 4}}));
  p->clock_spread = 0.024;
  p->clocks_at_the_ends = true;
  p->slow_listeners = 1;
  p->focus = heartbeats;
  p->patient = true;
  p = add(no_clock_margin, "no_clock_margin", hunting({{cut, 15}, {crash, 1}}));
  p->clock_spread = 0.024;
  p->clocks_at_the_ends = true;
  p->slow_listeners = 1;
  p = add(no_sealing, "no_sealing", hunting(busy, two_leaders));
  p->distance = 5;
  p->restless = true;
  p = add(no_second_seal, "no_second_seal", hunting(busy, two_leaders));
  p->distance = 5;
  p->restless = p->trickling = true;
  p->slow_listeners = 0.7;
  p = add(unseen_revision, "unseen_revision", hunting(busy, two_leaders));
  p->distance = 5;
  p->restless = true;
  p = add(unknown_settled_by_reading, "unknown_settled_by_reading",
          hunting(busy, {{writes_late, 15}, {crash, 2}}));
  p->focus = assignments;
  p->restless = true;
  p = add(grant_before_confirmation, "grant_before_confirmation",
          hunting({{leave, 3}, {arrival, 2}, {partitions_change, 3}}));
  p->slow_listeners = 0.7;
  add(grant_before_emptied, "grant_before_emptied",
      hunting({{crash, 6}, {arrival, 3}, {store_slow, 3}, {answers_lost, 5}}));
  p = add(no_expel, "no_expel", hunting({{watch_lags, 120}, {answers_lost, 120}}));
  // A leader whose own heartbeats are acknowledged finds out that its watch lags.
  p->slow_listeners = 1;
  p->focus = heartbeats;
  p = add(expel_any_revision, "expel_any_revision",
          hunting({{watch_lags, 15}, {watch_dies, 5}, {replay_stale, 5}, {cut, 4}}));
  p->focus = heartbeats;
  p = add(missing_beat_is_end, "missing_beat_is_end",
          hunting({{entry_removed, 12}, {cut, 5}, {watch_gaps, 5}}));
  p->focus = heartbeats;
  p = add(forced_without_wait, "forced_without_wait",
          hunting({{leave, 3}, {arrival, 2}, {partitions_change, 3}, {cut, 3}}));
  p->stubborn_listeners = 0.4;
  add(joiner_overwrites_record, "joiner_overwrites_record",
      hunting({{crash, 6}, {leave, 2}, {cut, 3}}));
  add(joiner_beats_over_live_beat, "joiner_beats_over_live_beat",
      hunting({{crash, 3}, {cut, 8}, {freeze, 8}}));
  add(vanished_record_ignored, "vanished_record_ignored",
      hunting({{entry_removed, 8}, {bucket_lost, 1}, {writes_lost, 1}, {cut, 5}}));
  add(no_newborn_wait, "no_newborn_wait",
      hunting({{bucket_lost, 2}, {server_restarts, 1}, {freeze, 5}, {cut, 5}}));
  p = add(dropped_partition_regranted, "dropped_partition_regranted",
          hunting({{partitions_change, 15}, {leave, 1}, {arrival, 1}}));
  p->slow_listeners = 0.7;
  add(vanished_before_adoption_ignored, "vanished_before_adoption_ignored",
      hunting({{entry_removed, 16}, {usurped, 16}, {crash, 4}, {cut, 8}, {freeze, 8}}));
  add(orphan_freed_if_heard_only, "orphan_freed_if_heard_only",
      hunting({{bucket_lost, 2}, {crash, 6}}))
      ->focus = heartbeats;
  p = add(revocation_start_kept, "revocation_start_kept",
          hunting({{partitions_change, 20}, {leave, 4}, {arrival, 4}}));
  p->slow_listeners = 0.7;
  p->restless = true;
  p = add(own_ttl_for_all, "own_ttl_for_all",
          hunting({{cut, 12}, {freeze, 4}, {crash, 1}}));
  p->slow_listeners = 1;
  add(poison_believed, "poison_believed", hunting({{entry_poisoned, 6}, {crash, 2}}));
  add(versions_restarted, "versions_restarted", hunting({{crash, 3}, {freeze, 5}}));
  p = add(gap_ignored, "gap_ignored", hunting({{watch_gaps, 12}, {crash, 1}}));
  p->watch_observers = true;
  p = add(mark_ends_watch, "mark_ends_watch", hunting({{entry_removed, 6}, {leave, 2}}));
  p->watch_observers = true;
  p = add(old_replay_accepted, "old_replay_accepted",
          hunting({{replay_stale, 10}, {watch_gaps, 6}, {watch_dies, 12}, {cut, 12}}));
  p->watch_observers = true;
  const auto some = std::initializer_list<rate>{{leave, 1}, {arrival, 1}};
  p = add(drain_ignored, "drain_ignored", hunting(some));
  p->directives = 10;
  p = add(cordon_ignored, "cordon_ignored", hunting(some));
  p->directives = 10;
  p = add(replayed_directives_ignored, "replayed_directives_ignored",
          hunting(some, {{crash, 3}}));
  p->directives = 10;
  p = add(moot_directive_kept, "moot_directive_kept", hunting(some));
  p->directives = 10;
  p = add(other_server_skipped, "other_server_skipped",
          hunting({{server_restarts, 4},
                   {writes_lost, 8},
                   {crash, 12},
                   {usurped, 24},
                   {freeze, 4}}));
  p->lone_server = true;
  p = add(guard_deadline_ignored, "guard_deadline_ignored",
          hunting({{thread_stalls, 20}, {crash, 1}, {arrival, 1}, {leave, 1}}));
  p->guarded = true;
  p = add(goodbye_before_the_end, "goodbye_before_the_end", hunting({{crash, 10}}));
  p->guarded = true;
  add(record_before_parts, "record_before_parts", hunting({{leave, 1}, {arrival, 1}}));
  add(parts_written_over, "parts_written_over", hunting({{leave, 1}, {arrival, 1}}));
  return xs;
}

} // namespace

std::string_view to_string(fault x) {
  return word_of(x,
                 {"crash",         "freeze",          "cut",         "store_away",
                  "store_slow",    "answers_lost",    "writes_late", "watch_lags",
                  "watch_gaps",    "watch_dies",      "api_away",    "replay_stale",
                  "ttl_late",      "bucket_lost",     "writes_lost", "server_restarts",
                  "entry_removed", "entry_poisoned",  "usurped",     "ambush",
                  "leave",         "rolling_restart", "arrival",     "partitions_change",
                  "thread_stalls", "guard_freezes",   "guard_dies",  "clock_steps"});
}

const std::vector<profile>& all_profiles() {
  static const auto made = make_profiles();
  return made;
}

std::optional<profile> profile_from(std::string_view names) {
  std::optional<profile> result;
  for (;;) {
    auto end = names.find(',');
    auto name = names.substr(0, end);
    const auto& all = all_profiles();
    auto found = std::find_if(all.begin(), all.end(),
                              [&](const auto& x) { return x.name == name; });
    if (found == all.end())
      return std::nullopt;
    if (result) {
      auto both = result->name + "," + found->name;
      result = combined(*result, *found);
      result->name = std::move(both);
    } else {
      result = *found;
    }
    if (end == std::string_view::npos)
      return result;
    names.remove_prefix(end + 1);
  }
}

const std::vector<failpoint_case>& failpoint_cases() {
  static const auto made = make_failpoints();
  return made;
}

const profile& mixed_profile(std::uint64_t seed) {
  const auto& cases = failpoint_cases();
  auto which = seed % (cases.size() + 1);
  return which < cases.size() ? cases[which].faults : all_profiles().back();
}

} // namespace partita::simulation
