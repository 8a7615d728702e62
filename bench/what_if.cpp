// SPDX-License-Identifier: Apache-2.0
// The computing time of the commands that show and plan a running group, without the
// reads from the store. 10,000 partitions, 1,000 workers.

#include "partita/app/inspect/what_if.hpp"
#include "partita/app/inspect/explanation.hpp"
#include "partita/app/inspect/group_status.hpp"
#include "partita/messages/codec.hpp"
#include "partita/messages/control_codec.hpp"

#include <benchmark/benchmark.h>

#include <string>
#include <variant>

namespace {

using namespace partita;
using namespace partita::app;

constexpr std::size_t workers = 1'000;
constexpr std::size_t partitions = 10'000;

std::string id_of(std::size_t i) {
  return "worker-" + std::to_string(i);
}

void add(std::vector<kv_entry>& to, std::string key, std::string value) {
  to.push_back({std::move(key), std::move(value), {1}, false, 1'000'000'000});
}

/// As the workers of a balanced group write it.
group_entries entries() {
  group_entries result;
  result.group = "orders";
  constexpr stamp at{{3}, {3 * versions_per_epoch + 1}};
  add(result.election, "leader", "worker-0:1763884512:cd34");
  add(result.assignment, "epoch", to_text(epoch_entry{at.epoch, {"worker-0"}, {"ef"}}));
  for (std::size_t i = 0; i < workers; ++i) {
    beat pulse;
    pulse.nonce = {id_of(i)};
    pulse.state = beat_state::working;
    pulse.applied = at;
    add(result.heartbeat, "heartbeat." + id_of(i), to_text(pulse));
    record x;
    x.version = at.version;
    x.epoch = at.epoch;
    x.worker_nonce = pulse.nonce;
    for (auto p = i; p < partitions; p += workers)
      x.partitions.push_back({{{"orders", std::to_string(p)}, 100}, at.version, {}});
    add(result.assignment, "assignment." + id_of(i), to_text(x));
  }
  directive pin{pin_directive{"orders.7", {"worker-3"}}, 0, "ann@box", "has the cache"};
  directive drain{drain_directive{{"worker-9"}}, 0, "ann@box", "disk is full"};
  for (const auto& x : {pin, drain})
    add(result.control, directive_key(x.what), to_text(x));
  return result;
}

/// From the values of all keys to their content.
void examine_group(benchmark::State& state) {
  auto all = entries();
  for (auto _ : state)
    benchmark::DoNotOptimize(examine(all));
}

/// From that content to the answer of `partita plan --live --json`.
void plan_live(benchmark::State& state) {
  auto group = examine(entries());
  std::size_t moves = 0;
  for (auto _ : state) {
    auto answer = plan_if(group, {});
    moves = std::get<what_if_answer>(answer).moves.size();
    benchmark::DoNotOptimize(to_json(std::get<what_if_answer>(answer)));
  }
  state.counters["moves"] = static_cast<double>(moves);
}

/// The same for `partita plan --without ... --json`, with that many leaving workers.
void plan_without(benchmark::State& state) {
  auto group = examine(entries());
  what_if_question question;
  for (std::int64_t i = 0; i < state.range(0); ++i)
    question.without.push_back({id_of(static_cast<std::size_t>(i) * 3)});
  std::size_t moves = 0;
  for (auto _ : state) {
    auto answer = plan_if(group, question);
    moves = std::get<what_if_answer>(answer).moves.size();
    benchmark::DoNotOptimize(to_json(std::get<what_if_answer>(answer)));
  }
  state.counters["moves"] = static_cast<double>(moves);
}

/// One line of `partita status --watch --json`.
void show_status(benchmark::State& state) {
  auto group = examine(entries());
  for (auto _ : state)
    benchmark::DoNotOptimize(to_json(group));
}

BENCHMARK(examine_group)->Unit(benchmark::kMillisecond);
BENCHMARK(plan_live)->Unit(benchmark::kMillisecond);
BENCHMARK(plan_without)->Arg(1)->Arg(100)->Unit(benchmark::kMillisecond);
BENCHMARK(show_status)->Unit(benchmark::kMillisecond);

} // namespace

BENCHMARK_MAIN();
