// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE integration.leaving

#include "support/group.hpp"

#include <caf/test/unit_test.hpp>

using namespace partita::test;

CAF_TEST(no ghost worker remains because the leader knows at once who stopped) {
  process_group group;
  group.start_many(4);
  group.require_rest();
  auto victim = group.a_follower();
  auto begin = std::chrono::steady_clock::now();
  CAF_CHECK_EQUAL(group.stop(victim), 0);
  auto owned = group.journal().wait(
      [&](const auto& all) { return all_owned_once(all, group.with().partitions); });
  auto took = std::chrono::steady_clock::now() - begin;
  CAF_CHECK(owned);
  CAF_MESSAGE("by its goodbye, not by its silence");
  CAF_CHECK(took < group.with().ttl);
}

CAF_TEST(a worker that is asked to stop leaves within a second) {
  process_group group;
  for (const auto* name : {"a", "b", "c"})
    group.start(name, {"--set", "worker.shutdown=stop"});
  group.require_rest();
  for (auto victim : {group.a_follower(), group.leader()}) {
    auto begin = std::chrono::steady_clock::now();
    CAF_CHECK_EQUAL(group.stop(victim), 0);
    CAF_CHECK(std::chrono::steady_clock::now() - begin < 1s);
    group.require_rest();
  }
}

CAF_TEST(a leader that stops is followed long before its lease would end) {
  process_group group;
  group.start_many(3);
  group.require_rest();
  auto leader = group.leader();
  auto begin = std::chrono::steady_clock::now();
  group.tell_to_stop(leader);
  auto followed = group.journal().wait([&](const auto& all) {
    auto now = leader_of(all);
    return !now.empty() && now != leader;
  });
  CAF_CHECK(followed);
  CAF_CHECK(std::chrono::steady_clock::now() - begin < group.with().lease);
  CAF_CHECK_EQUAL(group.wait_for_end(leader), 0);
  group.require_rest();
}

CAF_TEST(the id of a worker that stopped is free at once) {
  process_group group{{.id_max = 1}};
  group.start("w0");
  group.start("w1");
  group.require_rest();
  auto id = group.id_of("w1");
  CAF_CHECK_EQUAL(group.stop("w1"), 0);
  CAF_MESSAGE("another instance, and no other id in the range");
  group.start("other");
  group.require_rest();
  CAF_CHECK_EQUAL(group.id_of("other"), id);
}

CAF_TEST(shutdown during rebalancing leaves a group that works) {
  timings slow;
  slow.planned_scale_window = 2s;
  slow.settle = 1s;
  process_group group{slow};
  group.start_many(3);
  group.require_rest();
  auto leader = group.leader();
  group.start("late");
  auto scaling = group.journal().wait(
      [&](const auto& all) { return all.at(leader).state == "scaling"; });
  CAF_CHECK(scaling);
  CAF_CHECK_EQUAL(group.stop(leader), 0);
  group.require_rest();
}

CAF_TEST(shutdown during an emergency leaves a group that works) {
  process_group group;
  group.start_many(4);
  group.require_rest();
  auto leader = group.leader();
  group.kill(group.a_follower());
  auto emergency = group.journal().wait([&](const auto& all) {
    const auto& states = all.at(leader).states;
    return std::find(states.begin(), states.end(), "emergency") != states.end();
  });
  CAF_CHECK(emergency);
  CAF_CHECK_EQUAL(group.stop(leader), 0);
  group.require_rest();
}

CAF_TEST(
    a leader that dies while it handles an emergency is followed by one that ends it) {
  process_group group;
  group.start_many(5);
  group.require_rest();
  auto leader = group.leader();
  group.kill(group.a_follower());
  CAF_CHECK(group.journal().wait([&](const auto& all) {
    const auto& states = all.at(leader).states;
    return std::find(states.begin(), states.end(), "emergency") != states.end();
  }));
  group.kill(leader);
  group.require_rest();
}
