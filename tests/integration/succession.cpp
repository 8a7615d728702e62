// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE integration.succession

#include "support/group.hpp"

#include <caf/test/unit_test.hpp>

using namespace partita::test;

CAF_TEST(leader renewal goes on over thirty renewals without a change of leadership) {
  process_group group;
  group.start_many(3);
  group.require_rest();
  auto leader = group.leader();
  CAF_MESSAGE("a renewal every third of the lease: thirty take ten leases");
  auto changed = group.journal().wait(
      [&](const auto& all) { return leader_of(all) != leader; }, 10 * group.with().lease);
  CAF_CHECK(!changed);
  CAF_CHECK_EQUAL(group.journal().now().at(leader).adopted.size(), 1u);
}

CAF_TEST(assignment versioning never goes back over failovers) {
  process_group group;
  group.start_many(4);
  group.require_rest();
  std::uint64_t epoch = 0;
  for (int round = 0; round < 3; ++round) {
    auto leader = group.leader();
    auto now = group.epoch_of(leader);
    CAF_CHECK_LESS(epoch, now);
    epoch = now;
    group.fail_over();
    group.require_rest();
    CAF_CHECK_EQUAL(went_back(group.journal().now()), "");
  }
}

CAF_TEST(assignment preservation means that a failover without a change of members moves
             nothing) {
  process_group group;
  group.without_guard();
  group.start_many(3);
  group.require_rest();
  CAF_MESSAGE("the leader sleeps just long enough to lose the lease, not its heartbeat");
  auto leader = group.leader();
  std::map<std::string, std::set<std::string>> before;
  for (const auto& [name, x] : group.journal().now())
    before[name] = x.owns;
  CAF_REQUIRE_EQUAL(group.overtake_leader(), leader);
  group.thaw(leader);
  group.require_rest();
  for (const auto& [name, x] : group.journal().now())
    CAF_CHECK_EQUAL(x.owns, before[name]);
  CAF_CHECK_NOT_EQUAL(group.leader(), leader);
}

CAF_TEST(no orphans on failover in three rounds) {
  process_group group;
  group.start_many(5);
  group.require_rest();
  for (int round = 0; round < 3; ++round) {
    group.fail_over();
    group.require_rest();
    CAF_CHECK(all_owned_once(group.journal().now(), group.with().partitions));
  }
}

CAF_TEST(rapid churn of leaders leaves a working group) {
  process_group group;
  group.start_many(7);
  group.require_rest();
  for (int round = 0; round < 5; ++round) {
    CAF_MESSAGE("the next leader dies as soon as it leads");
    group.fail_over();
  }
  group.require_rest();
  CAF_CHECK_EQUAL(went_back(group.journal().now()), "");
}
