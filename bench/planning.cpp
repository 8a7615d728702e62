// SPDX-License-Identifier: Apache-2.0
// How long a plan takes: 10,000 partitions, 1,000 workers, for every strategy, as a first
// plan and after one worker left. And what following such a group costs its leader: one
// heartbeat, and the whole hand-over after one worker said goodbye.
//
//   build/bin/partita-bench-planning

#include "partita/core/leader/coordinator.hpp"
#include "partita/core/strategies/strategies.hpp"

#include <benchmark/benchmark.h>

using namespace partita;
using namespace partita::core;

namespace {

planning_input group(std::size_t workers, std::size_t partitions, bool weighted) {
  planning_input result;
  for (std::size_t i = 0; i < workers; ++i)
    result.workers.push_back({{"worker-" + std::to_string(i)}, 100, {}});
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
  for (std::size_t w = 0; w < result.workers.size(); ++w)
    for (auto i : shares.shares[w])
      result.previous[i] = w;
  return result;
}

void first_plan(benchmark::State& state, const std::string& name, bool weighted) {
  auto make = make_strategy({.name = name});
  auto in = group(1000, 10'000, weighted);
  for (auto _ : state)
    benchmark::DoNotOptimize(make(in));
}

void one_left(benchmark::State& state, const std::string& name, bool weighted) {
  auto make = make_strategy({.name = name});
  auto in = group(1000, 10'000, weighted);
  auto next = after_a_leaver(in, make(in));
  for (auto _ : state)
    benchmark::DoNotOptimize(make(next));
}

/// A leader on a store that accepts every write and shows it at once; its workers apply
/// what they receive and confirm it at once.
struct led_group {
  static constexpr std::size_t size = 1000;

  time_point now = time_point{} + std::chrono::hours{1};
  coordinator leader;
  std::uint64_t last = 0;
  std::vector<beat> beats{size};
  std::vector<partition> all = group(size, 10'000, false).partitions;

  explicit led_group(std::uint32_t max_moves) : leader{options(max_moves)} {
    for (std::size_t i = 0; i < size; ++i) {
      record empty;
      empty.worker_nonce = beats[i].nonce = {std::to_string(i)};
      beats[i].state = beat_state::working;
      feed(coordinator::record_shown{id(i), {++last}, empty});
      feed(coordinator::beat_shown{id(i), {++last}, beats[i], now});
    }
    feed(coordinator::partitions_given{all});
    feed(coordinator::beats_replayed{now});
    feed(coordinator::records_replayed{});
    feed(coordinator::directives_replayed{});
  }

  static coordinator::options options(std::uint32_t max_moves) {
    using namespace std::chrono_literals;
    coordinator::options result;
    result.epoch = {3};
    result.leader = {"worker-0"};
    // Time advances from plan to plan, and no worker may expire.
    result.heartbeat_ttl = std::chrono::hours{1};
    // No window delays a plan.
    result.rebalance = {0s, 0s, 0s, 0, 0s, 0s, 30s, max_moves};
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
      for (const auto& x : leader.step(what, now))
        if (const auto* w = std::get_if<coordinator::write>(&x)) {
          auto i = std::stoul(w->value.worker_nonce.value);
          ++last;
          beats[i].applied = stamp_of(w->value);
          todo.emplace_back(coordinator::beat_shown{w->who, {last}, beats[i], now});
          todo.emplace_back(coordinator::record_shown{w->who, {last}, w->value});
          kv_written done{write_status::done, {last}, {}};
          todo.emplace_back(coordinator::write_answered{w->who, done});
        }
    }
  }

  bool due() const {
    auto at = leader.wake_at();
    return at && *at <= now;
  }
};

void one_heartbeat(benchmark::State& state) {
  led_group g{0};
  std::size_t i = 0;
  for (auto _ : state) {
    i = (i + 1) % led_group::size;
    g.feed(coordinator::beat_shown{g.id(i), {++g.last}, g.beats[i], g.now});
  }
}

void take_over(benchmark::State& state) {
  for (auto _ : state)
    led_group g{static_cast<std::uint32_t>(state.range(0))};
}

void goodbye(benchmark::State& state) {
  led_group g{static_cast<std::uint32_t>(state.range(0))};
  auto i = led_group::size;
  for (auto _ : state) {
    --i;
    g.now += std::chrono::seconds{1}; // There is a pause between plans.
    g.beats[i].state = beat_state::stopped;
    g.feed(coordinator::beat_shown{g.id(i), {++g.last}, g.beats[i], g.now});
  }
}

BENCHMARK(one_heartbeat)->Unit(benchmark::kMicrosecond);
BENCHMARK(take_over)->Arg(0)->Arg(10)->Unit(benchmark::kMillisecond);
BENCHMARK(goodbye)->Arg(0)->Arg(10)->Iterations(50)->Unit(benchmark::kMillisecond);

} // namespace

int main(int argc, char** argv) {
  for (const auto& name : strategy_names())
    for (auto weighted : {false, true}) {
      auto end = name + (weighted ? "_weights" : "");
      benchmark::RegisterBenchmark(("first_plan/" + end).c_str(), first_plan, name,
                                   weighted)
          ->Unit(benchmark::kMillisecond);
      benchmark::RegisterBenchmark(("one_left/" + end).c_str(), one_left, name, weighted)
          ->Unit(benchmark::kMillisecond);
    }
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
}
