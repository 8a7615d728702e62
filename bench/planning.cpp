// How long a plan takes: 10,000 partitions, 1,000 workers, for every strategy, as a first
// plan and after one worker left.
//
//   build/bin/partita-bench-planning

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
    result.partitions.push_back({{"topic", std::to_string(i)},
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

void first_plan(benchmark::State& state, strategy_name name, bool weighted) {
  auto make = make_strategy({.name = name});
  auto in = group(1000, 10'000, weighted);
  for (auto _ : state)
    benchmark::DoNotOptimize(make(in));
}

void one_left(benchmark::State& state, strategy_name name, bool weighted) {
  auto make = make_strategy({.name = name});
  auto in = group(1000, 10'000, weighted);
  auto next = after_a_leaver(in, make(in));
  for (auto _ : state)
    benchmark::DoNotOptimize(make(next));
}

#define PARTITA_BENCH(strategy)                                                            \
  BENCHMARK_CAPTURE(first_plan, strategy, strategy_name::strategy, false)                  \
    ->Unit(benchmark::kMillisecond);                                                       \
  BENCHMARK_CAPTURE(first_plan, strategy##_weights, strategy_name::strategy, true)         \
    ->Unit(benchmark::kMillisecond);                                                       \
  BENCHMARK_CAPTURE(one_left, strategy, strategy_name::strategy, false)                    \
    ->Unit(benchmark::kMillisecond);                                                       \
  BENCHMARK_CAPTURE(one_left, strategy##_weights, strategy_name::strategy, true)           \
    ->Unit(benchmark::kMillisecond)

PARTITA_BENCH(sticky);
PARTITA_BENCH(consistent_hash);
PARTITA_BENCH(weighted_consistent_hash);
PARTITA_BENCH(round_robin);

} // namespace

BENCHMARK_MAIN();
