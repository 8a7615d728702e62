// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE strategies.vectors

#include "support.hpp"

#include <nlohmann/json.hpp>

#include <caf/test/unit_test.hpp>

#include <fstream>

// tests/data/strategy-vectors.jsonl holds reference cases of the strategies of the Go
// library parti, from which these three descend: one case a line, the input and for each
// worker the indices of its partitions in order. They must be met bit for bit, as workers
// of both programs may share a group and must not move partitions when the leader
// changes.

using namespace planning_test;
using json = nlohmann::json;

namespace {

planning_input input_of(const json& x) {
  planning_input result;
  for (const auto& id : x["workers"])
    result.workers.push_back({{id.get<std::string>()}, 100, {}});
  for (const auto& p : x["partitions"])
    result.partitions.push_back(
        {p["keys"].get<std::vector<std::string>>(), p["weight"].get<std::int64_t>()});
  return result;
}

core::strategy_options options_of(const json& x) {
  core::strategy_options result;
  result.name = core::strategy_name_from(x["strategy"].get<std::string>()).value();
  result.seed = x.value("seed", result.seed);
  result.virtual_nodes = x.value("virtual_nodes", result.virtual_nodes);
  result.overload_threshold = x.value("overload_threshold", result.overload_threshold);
  result.extreme_threshold = x.value("extreme_threshold", result.extreme_threshold);
  result.default_weight = x.value("default_weight", result.default_weight);
  return result;
}

json assignments_of(const planning_input& in, const plan& x) {
  auto result = json::object();
  for (std::size_t i = 0; i < x.shares.size(); ++i)
    result[in.workers[i].id.value] = x.shares[i];
  return result;
}

} // namespace

CAF_TEST(every reference case of parti is met in every index and its place) {
  std::ifstream file{"tests/data/strategy-vectors.jsonl"};
  CAF_REQUIRE(file.good());
  std::size_t cases = 0;
  for (std::string line; std::getline(file, line); ++cases) {
    auto x = json::parse(line);
    auto in = input_of(x["input"]);
    auto found = assignments_of(in, core::make_strategy(options_of(x["input"]))(in));
    if (found != x["expected"]["assignments"])
      CAF_ERROR("line " << cases + 1 << " of strategy " << x["input"]["strategy"].dump()
                        << "\n  found    " << found.dump() << "\n  expected "
                        << x["expected"]["assignments"].dump());
  }
  CAF_CHECK_EQUAL(cases, 36u);
}
