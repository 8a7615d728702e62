// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE integration.failover

#include "support/group.hpp"

#include <caf/test/unit_test.hpp>

using namespace partita::test;

CAF_TEST(basic failover happens within the lease and a second twenty times) {
  process_group group;
  group.start_many(3);
  group.require_rest();
  for (int round = 0; round < 20; ++round) {
    auto victim = group.leader();
    auto took = group.fail_over();
    CAF_MESSAGE("round " << round << ": " << took.count() << " ms");
    CAF_CHECK_LESS_OR_EQUAL(took.count(), (group.with().lease + 1s).count());
    group.start(victim);
    group.require_rest();
  }
  CAF_CHECK_EQUAL(went_back(group.journal().now()), "");
}
