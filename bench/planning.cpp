// SPDX-License-Identifier: Apache-2.0
// How long a plan takes, in all and per partition: for every strategy, as a first plan and
// after one worker left; the rows say how many workers and partitions. And what following a
// group costs its leader: one heartbeat, taking the group over, and the whole hand-over after
// one worker said goodbye.
//
//   build/bin/partita-bench-planning

#include "partita/core/leader/coordinator.hpp"
#include "partita/core/strategies/strategies.hpp"

#include <benchmark/benchmark.h>

#include <cstdio>
#include <cstdlib>
#include <memory>

using namespace partita;
using namespace partita::core;

namespace {

planning_input group(std::size_t workers, std::size_t partitions, bool weighted,
                     bool zoned = false) {
  planning_input result;
  for (std::size_t i = 0; i < workers; ++i)
    result.workers.push_back({{"worker-" + std::to_string(i)},
                              100,
                              zoned ? "zone-" + std::to_string(i % 3) : ""});
  for (std::size_t i = 0; i < partitions; ++i)
    result.partitions.push_back(
        {{"topic", std::to_string(i)},
         weighted ? static_cast<std::int64_t>(50 + i % 101) : 100});
  return result;
}

/// The same group after its last worker left.
planning_input after_a_leaver(const planning_input& before, const plan& shares) {
  auto result = before;
  result.workers.pop_back();
  result.previous.resize(before.partitions.size());
  result.zones.resize(before.partitions.size());
  for (std::size_t w = 0; w < before.workers.size(); ++w)
    for (auto i : shares.shares[w]) {
      if (w < result.workers.size())
        result.previous[i] = w;
      result.zones[i] = before.workers[w].zone;
    }
  return result;
}

struct kind {
  std::string strategy;
  bool weighted;
  bool zoned;
};

planning_input group(const benchmark::State& state, const kind& x) {
  return group(static_cast<std::size_t>(state.range(0)),
               static_cast<std::size_t>(state.range(1)), x.weighted, x.zoned);
}

void plan_again(benchmark::State& state, const strategy& plan_for,
                const planning_input& in) {
  for (auto _ : state)
    benchmark::DoNotOptimize(plan_for(in));
  using counter = benchmark::Counter;
  state.counters["per_partition"] =
      counter(static_cast<double>(in.partitions.size()),
              counter::kIsIterationInvariantRate | counter::kInvert);
}

void first_plan(benchmark::State& state, const kind& x) {
  plan_again(state, make_strategy({.name = x.strategy}), group(state, x));
}

void one_left(benchmark::State& state, const kind& x) {
  auto plan_for = make_strategy({.name = x.strategy});
  auto in = group(state, x);
  plan_again(state, plan_for, after_a_leaver(in, plan_for(in)));
}

/// How many workers share how many partitions.
struct group_size {
  std::size_t workers;
  std::size_t partitions;
};

constexpr group_size many_workers{1000, 10'000};
constexpr group_size many_partitions{200, 100'000};

/// A leader on a store that accepts every write and shows it at once; its workers apply
/// what they receive and confirm it at once.
struct led_group {
  group_size size;
  time_point now = time_point{} + std::chrono::hours{1};
  coordinator leader{options()};
  std::uint64_t last = 0;
  std::vector<beat> beats{size.workers};
  std::vector<record> records{size.workers};
  std::size_t plans = 0;

  /// Each worker has a record of a leader before this one. `owned`: with its share.
  led_group(group_size of, bool owned) : size{of} {
    for (std::size_t i = 0; i < size.workers; ++i) {
      records[i].worker_nonce = beats[i].nonce = {std::to_string(i)};
      records[i].epoch = {2};
      records[i].version = {2 * versions_per_epoch + i};
      beats[i].state = beat_state::working;
    }
    all = group(size.workers, size.partitions, false).partitions;
    for (std::size_t i = 0; owned && i < all.size(); ++i) {
      auto& to = records[i % size.workers];
      to.partitions.push_back({all[i], to.version, "a first plan"});
    }
  }

  /// What a new leader sees, up to its first plan.
  void take_over() {
    for (std::size_t i = 0; i < size.workers; ++i) {
      beats[i].applied = stamp_of(records[i]);
      feed(coordinator::record_shown{
          id(i), {++last}, leader.index().numbered(std::move(records[i]))});
      feed(coordinator::beat_shown{id(i), {++last}, beats[i], now});
    }
    feed(coordinator::partitions_given{leader.index().list(all)});
    feed(coordinator::beats_replayed{now});
    feed(coordinator::records_replayed{});
    feed(coordinator::directives_replayed{});
    feed(coordinator::may_act{});
  }

  void goodbye(std::size_t i) {
    now += std::chrono::seconds{1}; // There is a pause between plans.
    beats[i].state = beat_state::stopped;
    feed(coordinator::beat_shown{id(i), {++last}, beats[i], now});
  }

  static coordinator::options options() {
    using namespace std::chrono_literals;
    coordinator::options result;
    result.epoch = {3};
    result.leader = {"worker-0"};
    // Time advances from plan to plan, and no worker may expire.
    result.heartbeat_ttl = std::chrono::hours{1};
    // No window delays a plan.
    result.rebalance = {0s, 0s, 0s, 0, 0s, 0s, 30s, 0};
    result.pause = 100ms;
    result.strategy = make_strategy({});
    return result;
  }

  static worker_id id(std::size_t i) { return {"worker-" + std::to_string(i)}; }

  /// Feeds an event and all that follow from it.
  void feed(const coordinator::event& first) {
    std::vector<coordinator::event> todo{first};
    while (!todo.empty() || due()) {
      if (todo.empty())
        todo.emplace_back(coordinator::tick{});
      auto what = std::move(todo.back());
      todo.pop_back();
      for (auto& x : leader.step(what, now)) {
        plans += std::holds_alternative<coordinator::planned>(x);
        if (auto* w = std::get_if<coordinator::write>(&x))
          write(*w, todo);
      }
    }
  }

  void write(coordinator::write& w, std::vector<coordinator::event>& todo) {
    auto i = std::stoul(w.value->worker_nonce.value);
    ++last;
    beats[i].applied = stamp_of(*w.value);
    todo.emplace_back(coordinator::beat_shown{w.who, {last}, beats[i], now});
    kv_written done{write_status::done, {last}, {}};
    todo.emplace_back(coordinator::write_answered{w.who, done});
    todo.emplace_back(coordinator::record_shown{w.who, {last}, std::move(w.value)});
  }

  bool due() const {
    auto at = leader.wake_at();
    return at && *at <= now;
  }

  std::vector<partition> all;
};

/// Ends the program where a row would not measure what it names.
void require(bool x, const char* what) {
  if (x)
    return;
  std::fprintf(stderr, "planning: %s\n", what);
  std::exit(1);
}

void one_heartbeat(benchmark::State& state, group_size size) {
  led_group g{size, true};
  g.take_over();
  std::size_t i = 0;
  for (auto _ : state) {
    i = (i + 1) % size.workers;
    g.feed(coordinator::beat_shown{g.id(i), {++g.last}, g.beats[i], g.now});
  }
}

void take_over(benchmark::State& state, group_size size) {
  for (auto _ : state) {
    state.PauseTiming();
    auto g = std::make_unique<led_group>(size, true);
    auto last = g->last;
    state.ResumeTiming();
    g->take_over();
    state.PauseTiming();
    require(g->last >= last + 3 * size.workers, "a take-over seals each record");
    g.reset();
    state.ResumeTiming();
  }
}

void goodbye(benchmark::State& state, group_size size) {
  led_group g{size, true};
  g.take_over();
  auto i = size.workers;
  for (auto _ : state) {
    auto before = g.plans;
    g.goodbye(--i);
    require(g.plans == before + 1, "a goodbye is one plan");
  }
}

void add_group_rows() {
  auto add = [](const std::string& name, auto run, group_size size) {
    auto row =
        name + "/" + std::to_string(size.workers) + "x" + std::to_string(size.partitions);
    return benchmark::RegisterBenchmark(row.c_str(), run, size);
  };
  for (auto size : {many_workers, many_partitions}) {
    add("one_heartbeat", one_heartbeat, size)->Unit(benchmark::kMicrosecond);
    add("take_over", take_over, size)->Unit(benchmark::kMillisecond);
    add("goodbye", goodbye, size)->Iterations(20)->Unit(benchmark::kMillisecond);
  }
}

void add_rows(const kind& x) {
  auto end = x.strategy + (x.weighted ? "_weights" : "") + (x.zoned ? "_zones" : "");
  for (auto* row :
       {benchmark::RegisterBenchmark(("first_plan/" + end).c_str(), first_plan, x),
        benchmark::RegisterBenchmark(("one_left/" + end).c_str(), one_left, x)}) {
    row->Unit(benchmark::kMicrosecond)->Args({10, 10'000})->Args({100, 10'000});
    row->Args({1000, 10'000})->Args({200, 100'000});
  }
}

} // namespace

int main(int argc, char** argv) {
  for (const auto& name : strategy_names())
    for (auto weighted : {false, true})
      add_rows({name, weighted, false});
  for (auto weighted : {false, true})
    add_rows({"sticky", weighted, true});
  add_group_rows();
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
}
