// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE store.memory_faults

#include "../../support/memory_faults.hpp"

#include <caf/test/unit_test.hpp>

using namespace partita::test;

CAF_TEST(a fault strikes as often as it was set to and only where it was set) {
  fault_plan plan;
  CAF_CHECK(!plan.strike(fault_kind::answer_lost, "a"));
  plan.set({.kind = fault_kind::answer_lost, .times = 2, .pattern = "a.*"});
  CAF_CHECK(!plan.strike(fault_kind::answer_lost, "b"));
  CAF_CHECK(!plan.strike(fault_kind::write_late, "a.b"));
  CAF_CHECK(plan.strike(fault_kind::answer_lost, "a.b"));
  CAF_CHECK(plan.strike(fault_kind::answer_lost, "a.c"));
  CAF_CHECK(!plan.strike(fault_kind::answer_lost, "a.b"));
  plan.set({.kind = fault_kind::silence});
  for (auto i = 0; i < 10; ++i)
    CAF_CHECK(plan.strike(fault_kind::silence));
  plan.set({.kind = fault_kind::silence, .times = 0});
  CAF_CHECK(!plan.strike(fault_kind::silence));
}
