// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE app.plan_question

#include "partita/app/inspect/plan_question.hpp"

#include <caf/test/unit_test.hpp>

using namespace partita;
using namespace partita::app;

namespace {

plan_question good(const std::string& text) {
  auto result = plan_question_from(text);
  if (const auto* bad = std::get_if<malformed>(&result))
    CAF_FAIL("refused: " << bad->why);
  return std::get<plan_question>(result);
}

/// The refusal contains every one of the parts.
void refused(const std::string& text, std::initializer_list<const char*> parts) {
  auto result = plan_question_from(text);
  const auto* bad = std::get_if<malformed>(&result);
  CAF_REQUIRE(bad != nullptr);
  CAF_MESSAGE(text << " -> " << bad->why);
  for (const auto* part : parts)
    CAF_CHECK_NOT_EQUAL(bad->why.find(part), std::string::npos);
}

/// A question with two workers and three partitions, and more members.
std::string with(const std::string& more) {
  return R"({"workers":["a","b"],"partitions":[{"keys":["x"]},{"keys":["y","1"],"weight":-5},)"
         R"({"keys":[""],"weight":7}])"
         + (more.empty() ? more : ',' + more) + '}';
}

} // namespace

CAF_TEST(what is not said has the defaults of the strategies) {
  auto x = good(with(""));
  CAF_CHECK(x.strategy == core::strategy_options{});
  CAF_REQUIRE_EQUAL(x.input.workers.size(), 2u);
  CAF_CHECK_EQUAL(x.input.workers[1].id.value, "b");
  CAF_REQUIRE_EQUAL(x.input.partitions.size(), 3u);
  CAF_CHECK_EQUAL(x.input.partitions[0].weight, 100);
  CAF_CHECK_EQUAL(x.input.partitions[1].weight, -5);
  CAF_CHECK(x.input.partitions[1].keys == (partition_keys{"y", "1"}));
  CAF_CHECK(x.input.previous.empty());
}

CAF_TEST(every option of a strategy is taken over) {
  auto x =
      good(with(R"("strategy":"weighted","seed":3,"virtual_nodes":7,)"
                R"("overload_threshold":2,"extreme_threshold":4.5,"default_weight":9)"));
  CAF_CHECK(x.strategy.name == "weighted_consistent_hash");
  CAF_CHECK_EQUAL(x.strategy.seed, 3u);
  CAF_CHECK_EQUAL(x.strategy.virtual_nodes, 7u);
  CAF_CHECK_EQUAL(x.strategy.overload_threshold, 2.0);
  CAF_CHECK_EQUAL(x.strategy.extreme_threshold, 4.5);
  CAF_CHECK_EQUAL(x.strategy.default_weight, 9);
}

CAF_TEST(a seed may be as great as 64 bits and stand in a string) {
  constexpr auto most = std::numeric_limits<std::uint64_t>::max();
  CAF_CHECK_EQUAL(good(with(R"("seed":18446744073709551615)")).strategy.seed, most);
  CAF_CHECK_EQUAL(good(with(R"("seed":"18446744073709551615")")).strategy.seed, most);
  for (const char* bad : {"18446744073709551616", "-1", "1.5", "\"\"", "\"1x\"", "\"-1\"",
                          "\"18446744073709551616\"", "null", "true"})
    refused(with(std::string{R"("seed":)"} + bad), {"'seed'", "18446744073709551615"});
}

CAF_TEST(former owners are found by their positions) {
  auto x = good(with(R"("previous":{"b":[2],"gone":[1],"a":[0]})"));
  CAF_REQUIRE_EQUAL(x.input.previous.size(), 3u);
  CAF_CHECK(x.input.previous[0] == std::optional<std::size_t>{0});
  CAF_CHECK(!x.input.previous[1].has_value());
  CAF_CHECK(x.input.previous[2] == std::optional<std::size_t>{1});
}

CAF_TEST(former owners of nothing are no plan before) {
  CAF_CHECK(good(with(R"("previous":{})")).input.previous.empty());
  CAF_CHECK(good(with(R"("previous":{"a":[]})")).input.previous.empty());
}

CAF_TEST(former owners may stand before the partitions) {
  auto x =
      good(R"({"previous":{"a":[0]},"partitions":[{"keys":["x"]}],"workers":["a"]})");
  CAF_CHECK_EQUAL(x.input.previous.size(), 1u);
}

CAF_TEST(a bad member is named with what was found and what was expected) {
  refused("", {"not JSON at byte 1"});
  refused("[1]", {"found a JSON array", "expected a JSON object"});
  refused("{}", {"'workers'", "missing"});
  refused(R"({"workers":[]})", {"'partitions'", "missing"});
  refused(R"({"workers":"a","partitions":[]})", {"'workers'", "found \"a\"", "a list"});
  refused(R"({"workers":[1],"partitions":[]})", {"workers[0]: ", "found 1", "a string"});
  refused(R"({"workers":["a","a"],"partitions":[]})", {"workers[1]: ", "only once"});
  refused(R"({"workers":[],"partitions":[7]})", {"partitions[0]: ", "found 7"});
  refused(R"({"workers":[],"partitions":[{"keys":[]}]})",
          {"partitions[0]: member 'keys'", "non-empty"});
  refused(R"({"workers":[],"partitions":[{"keys":[1]}]})",
          {"partitions[0]: member 'keys'", "found 1"});
  refused(R"({"workers":[],"partitions":[{"keys":["a"],"weight":1.5}]})",
          {"partitions[0]: member 'weight'", "found 1.5", "whole number"});
  refused(R"({"workers":[],"partitions":[{"keys":["a"],"weight":1000000000000}]})",
          {"partitions[0]: member 'weight'", "whole number from -"});
  refused(R"({"workers":[],"partitions":[{"keys":["a"],"wait":1}]})",
          {"partitions[0]: member 'wait'", "only keys and weight"});
  refused(with(R"("strategy":"stiky")"), {"'strategy'", "\"stiky\"", "round_robin"});
  refused(with(R"("virtual_nodes":0)"), {"'virtual_nodes'", "from 1 to"});
  refused(with(R"("virtual_nodes":99999999999999999999)"), {"'virtual_nodes'"});
  refused(with(R"("overload_threshold":"1")"), {"'overload_threshold'", "above 0"});
  refused(with(R"("virtual_node":1)"), {"'virtual_node'", "only workers, partitions"});
}

CAF_TEST(former owners that cannot be are refused) {
  refused(with(R"("previous":[1])"), {"'previous'", "an object"});
  refused(with(R"("previous":{"a":1})"), {"'previous.a'", "a list"});
  refused(with(R"("previous":{"a":[3]})"), {"previous.a[0]: ", "found 3", "from 0 to 2"});
  refused(with(R"("previous":{"a":[-1]})"), {"previous.a[0]: ", "found -1"});
  refused(with(R"("previous":{"a":[1],"b":[0,1]})"), {"previous.b[1]: ", "only once"});
}

CAF_TEST(the answer lists the indices of every worker) {
  auto x = good(with(""));
  CAF_CHECK_EQUAL(to_json(x, core::plan{{{2, 0}, {}}}),
                  R"({"assignments":{"a":[2,0],"b":[]}})");
  CAF_CHECK_EQUAL(to_json(good(R"({"workers":[],"partitions":[]})"), core::plan{}),
                  R"({"assignments":{}})");
}
