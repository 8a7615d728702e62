// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE integration.upgrade

#include "support/group.hpp"

#include <caf/test/unit_test.hpp>

#include <cstdlib>

// Workers of an older program and of this one in one group. scripts/test-upgrade builds the
// older one; without it there is nothing to look at.
using namespace partita::test;

namespace {

struct fixture {
  const char* older = std::getenv("PARTITA_OLDER_PROGRAM");
  process_group group;

  // A stopped worker continues later.
  fixture() { group.without_guard(); }

  void start(const std::string& name, bool old) {
    group.use_program(old ? older : PARTITA_PROGRAM);
    group.start(name);
  }
  void all_is_well() {
    group.require_rest();
    CAF_CHECK_EQUAL(group.journal().violations(), "");
    CAF_CHECK_EQUAL(went_back(group.journal().now()), "");
  }
  /// Makes one lead by ending each leader before it; the others come back.
  void let_lead(const std::string& name, bool old_others) {
    while (group.leader() != name) {
      auto leader = group.leader();
      CAF_REQUIRE_EQUAL(group.stop(leader), 0);
      group.require_rest();
      start(leader, old_others);
      group.require_rest();
    }
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(upgrade_tests, fixture)

CAF_TEST(a group is upgraded worker by worker and back) {
  if (!older) {
    CAF_MESSAGE("skipped: see scripts/test-upgrade");
    return;
  }
  for (const char* name : {"a", "b", "c"})
    start(name, true);
  all_is_well();
  for (auto old : {false, true})
    for (const char* name : {"a", "b", "c"}) {
      CAF_MESSAGE(name << (old ? " goes back" : " is upgraded"));
      CAF_CHECK_EQUAL(group.stop(name), 0);
      group.require_rest();
      start(name, old);
      all_is_well();
    }
}

CAF_TEST(an older leader and a newer one replace those that die and fall silent) {
  if (!older) {
    CAF_MESSAGE("skipped: see scripts/test-upgrade");
    return;
  }
  for (auto old_leads : {true, false}) {
    CAF_MESSAGE((old_leads ? "an older one leads" : "a newer one leads"));
    start("leader", old_leads);
    group.require_rest();
    start("b", !old_leads);
    start("c", !old_leads);
    group.require_rest();
    let_lead("leader", !old_leads);
    group.kill("b");
    all_is_well();
    start("b", !old_leads);
    group.require_rest();
    group.freeze("c");
    CAF_REQUIRE(group.journal().wait([&](const auto& all) {
      return all.at("leader").owns.size() + all.at("b").owns.size()
             == group.with().partitions;
    }));
    group.thaw("c");
    all_is_well();
    CAF_CHECK_EQUAL(group.leader(), "leader");
    CAF_MESSAGE("and when it dies one of the others follows");
    group.kill("leader");
    all_is_well();
    for (const char* name : {"b", "c"})
      CAF_CHECK_EQUAL(group.stop(name), 0);
  }
}

CAF_TEST_FIXTURE_SCOPE_END()
