// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE strategies.options

#include "support.hpp"

#include <caf/test/unit_test.hpp>

#include <cmath>
#include <stdexcept>

using namespace planning_test;
using core::strategy_name_from;
using core::strategy_options;

CAF_TEST(every strategy is found by its own name) {
  for (auto name : core::strategy_names())
    CAF_CHECK(strategy_name_from(name) == name);
}

CAF_TEST(the short spellings name the same strategies) {
  CAF_CHECK(strategy_name_from("consistent") == "consistent_hash");
  CAF_CHECK(strategy_name_from("weighted") == "weighted_consistent_hash");
  CAF_CHECK(strategy_name_from("roundrobin") == "round_robin");
}

CAF_TEST(a word that names no strategy is not taken for one) {
  for (auto text : {"", "Sticky", "sticky ", "consistent_has", "random"})
    CAF_CHECK(!strategy_name_from(text));
  auto refused = false;
  try {
    make("random");
  } catch (const std::invalid_argument&) {
    refused = true;
  }
  CAF_CHECK(refused);
}

CAF_TEST(the default is sticky with the values that the documentation names) {
  strategy_options x;
  CAF_CHECK(x.name == "sticky");
  CAF_CHECK_EQUAL(x.virtual_nodes, 150u);
  CAF_CHECK_EQUAL(x.seed, 0u);
  CAF_CHECK_EQUAL(x.overload_threshold, 1.3);
  CAF_CHECK_EQUAL(x.extreme_threshold, 2.0);
  CAF_CHECK_EQUAL(x.default_weight, 100);
  CAF_CHECK(core::clamped(x) == x);
}

CAF_TEST(values below the least allowed ones are raised to these) {
  strategy_options x;
  x.virtual_nodes = 0;
  x.overload_threshold = 1.149;
  x.extreme_threshold = 1.499;
  x.default_weight = 0;
  x = core::clamped(x);
  CAF_CHECK_EQUAL(x.virtual_nodes, 1u);
  CAF_CHECK_EQUAL(x.overload_threshold, 1.15);
  CAF_CHECK_EQUAL(x.extreme_threshold, 1.5);
  CAF_CHECK_EQUAL(x.default_weight, 1);
  x.overload_threshold = std::nan("");
  CAF_CHECK_EQUAL(core::clamped(x).overload_threshold, 1.15);
  x.overload_threshold = 1.16;
  x.extreme_threshold = 1.51;
  CAF_CHECK(core::clamped(x) == x);
}

CAF_TEST(another seed gives another plan) {
  auto in = group(5, 50);
  strategy_options x;
  auto plain = core::make_strategy(x)(in);
  x.seed = 1;
  CAF_CHECK(core::make_strategy(x)(in) != plain);
}
