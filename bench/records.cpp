// SPDX-License-Identifier: Apache-2.0
// Writing and reading the text of a record: arguments are the format and how many partitions
// it names. `each` is the time for one partition, `bytes` the size of the value.

#include "partita/messages/codec.hpp"

#include <benchmark/benchmark.h>

#include <string>

namespace {

using namespace partita;

record record_of(std::int64_t partitions) {
  record result;
  result.version = {3 * versions_per_epoch + 1};
  result.epoch = {3};
  result.leader = {"worker-1"};
  result.worker_nonce = {"3f6a5ae6e06b9c6d7d585d77003895a4"};
  for (std::int64_t i = 0; i < partitions; ++i) {
    auto& given = result.partitions.emplace_back();
    given.partition = {{"orders", std::to_string(i)}, 100};
    given.token = result.version;
    given.reason = "worker-2 was lost";
  }
  return result;
}

void count(benchmark::State& state, std::size_t bytes) {
  using benchmark::Counter;
  state.counters["bytes"] = static_cast<double>(bytes);
  state.counters["each"] = Counter(static_cast<double>(state.range(1)),
                                   Counter::kIsIterationInvariantRate | Counter::kInvert);
}

void write(benchmark::State& state) {
  auto x = record_of(state.range(1));
  auto format = static_cast<std::uint64_t>(state.range(0));
  for (auto _ : state)
    benchmark::DoNotOptimize(to_text(x, format));
  count(state, to_text(x, format).size());
}

void read(benchmark::State& state) {
  auto text =
      to_text(record_of(state.range(1)), static_cast<std::uint64_t>(state.range(0)));
  for (auto _ : state)
    benchmark::DoNotOptimize(record_from(text, 0));
  count(state, text.size());
}

void sizes(benchmark::internal::Benchmark* x) {
  x->ArgsProduct({{1, 2}, {10, 1'000, 10'000}})
      ->Args({2, 100'000})
      ->Unit(benchmark::kMicrosecond);
}

BENCHMARK(write)->Apply(sizes);
BENCHMARK(read)->Apply(sizes);

} // namespace

BENCHMARK_MAIN();
