// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE integration.scaling

#include "support/group.hpp"

#include <caf/test/unit_test.hpp>

#include <algorithm>

using namespace partita::test;

CAF_TEST(cold start of five workers at once gives one leader and everything assigned) {
  process_group group;
  group.start_many(5);
  group.require_rest();
  std::set<std::string> ids;
  std::size_t calculators = 0;
  for (const auto& [name, x] : group.journal().now()) {
    ids.insert(x.id);
    calculators += x.adopted.size();
    CAF_CHECK_EQUAL(x.ids.size(), 1u);
  }
  CAF_CHECK_EQUAL(ids.size(), 5u);
  CAF_CHECK_EQUAL(calculators, 1u);
}

CAF_TEST(only the leader runs a calculator) {
  process_group group;
  group.start_many(4);
  group.require_rest();
  for (const auto& [name, x] : group.journal().now())
    CAF_CHECK_EQUAL(x.adopted.size(), x.leading ? 1u : 0u);
  group.kill(group.leader());
  group.require_rest();
  for (const auto& [name, x] : group.journal().now())
    CAF_CHECK_EQUAL(x.adopted.size(), x.leading ? 1u : 0u);
}

CAF_TEST(the group scales from one to ten and back to one) {
  process_group group{{.partitions = 40}};
  group.start("w0");
  group.require_rest();
  for (int i = 1; i < 10; ++i)
    group.start("w" + std::to_string(i));
  group.require_rest();
  for (int i = 9; i > 0; --i) {
    CAF_CHECK_EQUAL(group.stop("w" + std::to_string(i)), 0);
    if (!group.journal().wait([](const auto& all) { return all_owned_once(all, 40); }))
      CAF_FAIL("orphans:\n" << group.journal().story());
  }
  group.require_rest();
  CAF_CHECK_EQUAL(group.journal().now().at("w0").owns.size(), 40u);
  CAF_CHECK_EQUAL(went_back(group.journal().now()), "");
}

CAF_TEST(a rolling restart keeps ids and ends with everything owned) {
  process_group group;
  group.start_many(4);
  group.require_rest();
  for (int i = 0; i < 4; ++i) {
    auto name = "w" + std::to_string(i);
    auto id = group.id_of(name);
    CAF_CHECK_EQUAL(group.stop(name), 0);
    group.start(name);
    group.require_rest();
    CAF_CHECK_EQUAL(group.id_of(name), id);
  }
}

CAF_TEST(a change of members during the cool down is acted on when it ends) {
  timings slow;
  slow.min_interval = 4s;
  process_group group{slow};
  group.start_many(2);
  group.require_rest();
  CAF_MESSAGE("the third opens the cool-down, the fourth comes while it lasts");
  group.start("w2");
  group.require_rest();
  group.start("w3");
  group.require_rest();
}

CAF_TEST(assignments outlive the heartbeat TTL by far) {
  timings quick;
  quick.beat = 100ms;
  quick.ttl = 1000ms;
  process_group group{quick};
  group.start_many(2);
  group.require_rest();
  auto before = group.journal().now();
  CAF_MESSAGE("no assignment and no session changes in ten heartbeat TTLs");
  // The leader may still have to say that its first plan is carried out.
  auto is_of_plans = [](const std::string& state) {
    return state == "stable" || state == "scaling";
  };
  auto changed = group.journal().wait(
      [&](const auto& all) {
        for (const auto& [name, x] : all) {
          const auto& old = before.at(name);
          auto said = static_cast<std::ptrdiff_t>(old.states.size());
          if (x.stamps != old.stamps
              || !std::all_of(x.states.begin() + said, x.states.end(), is_of_plans))
            return true;
        }
        return false;
      },
      10 * quick.ttl);
  CAF_CHECK(!changed);
  if (changed)
    CAF_MESSAGE(group.journal().story());
}
