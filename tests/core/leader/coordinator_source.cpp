// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE core.coordinator_source

#include "coordinator_fixture.hpp"

using namespace core_test;

namespace {

// Where the list of partitions comes late, not at all, or changes.

struct fixture : coordinator_fixture {
  void unknown() { on(coordinator::partitions_unknown{"the bucket is gone"}); }

  std::size_t plans() { return count<coordinator::planned>(heard); }

  /// By partition: who has it.
  std::map<std::string, std::string> owner_of_each() {
    std::map<std::string, std::string> result;
    for (const auto& [who, e] : store)
      for (const auto& x : e.value.partitions)
        result[name_of(x.partition)] = who.value;
    return result;
  }

  void beats_with(int n, std::int64_t capacity, const std::string& zone = {}) {
    auto& x = beats[id(n)].value;
    x.capacity = capacity;
    x.zone = zone;
    show_beat(id(n));
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(coordinator_source_tests, fixture)

// -- unknown ----------------------------------------------------------------------------

CAF_TEST(a group without a list goes on with what its records name) {
  cold_start_of(3);
  auto before = owner_of_each();
  fail_over(4);
  on(coordinator::records_replayed{});
  on(coordinator::directives_replayed{});
  on(coordinator::beats_replayed{now});
  CAF_CHECK_EQUAL(count<coordinator::adopt>(heard), 0u);
  unknown();
  CAF_CHECK_EQUAL(count<coordinator::adopt>(heard), 1u);
  pass(60s, {0, 1, 2});
  CAF_CHECK(owner_of_each() == before);
  CAF_MESSAGE("a worker that is lost is replaced");
  pass(30s, {0, 1});
  all_owned_once(12);
  CAF_CHECK_EQUAL(owned(2), 0u);
  CAF_MESSAGE("and the list counts once it comes");
  give(20);
  pass(30s, {0, 1});
  all_owned_once(20);
}

CAF_TEST(a list that was known stays when the source fails) {
  cold_start_of(2);
  unknown();
  pass(60s, {0, 1});
  all_owned_once(12);
  CAF_CHECK_EQUAL(plans(), 0u);
}

CAF_TEST(a new group without a list plans nothing until it comes) {
  join(0);
  join(1);
  replay();
  unknown();
  pass(60s, {0, 1});
  CAF_CHECK_EQUAL(plans(), 0u);
  CAF_CHECK_EQUAL(owners().size(), 0u);
  give(12);
  CAF_CHECK_EQUAL(plans(), 1u);
  all_owned_once(12);
  CAF_CHECK_EQUAL(owned(0), 6u);
}

CAF_TEST(a source that says nothing counts as one that cannot) {
  cold_start_of(2);
  fail_over(4);
  on(coordinator::records_replayed{});
  on(coordinator::directives_replayed{});
  on(coordinator::beats_replayed{now});
  pass(4900ms, {0, 1});
  CAF_CHECK_EQUAL(count<coordinator::source_silent>(heard), 0u);
  CAF_CHECK_EQUAL(count<coordinator::adopt>(heard), 0u);
  pass(200ms, {0, 1});
  CAF_CHECK_EQUAL(count<coordinator::source_silent>(heard), 1u);
  CAF_CHECK_EQUAL(count<coordinator::adopt>(heard), 1u);
  pass(60s, {0, 1});
  CAF_CHECK_EQUAL(count<coordinator::source_silent>(heard), 1u);
  all_owned_once(12);
}

CAF_TEST(a source that says nothing is noticed in time where nothing else happens) {
  replay();
  CAF_CHECK(mine->wake_at() == now + 5s);
  now += 5s;
  on(coordinator::tick{});
  CAF_CHECK_EQUAL(count<coordinator::source_silent>(heard), 1u);
}

CAF_TEST(a list that is really empty takes all partitions away) {
  cold_start_of(2);
  give(std::vector<partition>{});
  pass(30s, {0, 1});
  CAF_CHECK_EQUAL(owners().size(), 0u);
}

CAF_TEST(what was being taken away at a change of leader is not forgotten) {
  cold_start_of(2);
  beats[id(1)].deaf = true;
  give(std::vector<partition>{part(0)});
  pass(15s, {0, 1});
  auto named = owners();
  CAF_REQUIRE(named.size() > 1);
  fail_over(4);
  on(coordinator::records_replayed{});
  on(coordinator::directives_replayed{});
  on(coordinator::beats_replayed{now});
  unknown();
  beats[id(1)].deaf = false;
  pass(30s, {0, 1});
  auto now_named = owners();
  CAF_CHECK(now_named == named);
}

// -- changes ----------------------------------------------------------------------------

CAF_TEST(another weight waits for window and cool down) {
  cold_start_of(2);
  std::vector<partition> all;
  for (int i = 0; i < 12; ++i)
    all.push_back(part(i));
  all[0].weight = 600;
  give(all);
  pass(500ms, {0, 1});
  CAF_CHECK_EQUAL(plans(), 0u);
  pass(1s, {0, 1});
  CAF_CHECK_EQUAL(plans(), 1u);
  all[1].weight = 600;
  give(all);
  pass(8s, {0, 1});
  CAF_CHECK_EQUAL(plans(), 1u);
  pass(3s, {0, 1});
  CAF_CHECK_EQUAL(plans(), 2u);
  all_owned_once(12);
}

CAF_TEST(another capacity waits for window and cool down and moves shares) {
  cold_start_of(2);
  CAF_CHECK_EQUAL(owned(0), 6u);
  beats_with(0, 300);
  pass(500ms, {0, 1});
  CAF_CHECK_EQUAL(plans(), 0u);
  pass(1s, {0, 1});
  CAF_CHECK_EQUAL(plans(), 1u);
  CAF_CHECK_EQUAL(owned(0), 9u);
  CAF_CHECK(one<coordinator::planned>(heard).reason == "worker-0 has capacity 300 now");
  CAF_MESSAGE("the same capacity again is no change");
  beats_with(0, 300);
  pass(30s, {0, 1});
  CAF_CHECK_EQUAL(plans(), 1u);
  beats_with(0, 100);
  pass(30s, {0, 1});
  CAF_CHECK_EQUAL(plans(), 2u);
  CAF_CHECK_EQUAL(owned(0), 6u);
}

CAF_TEST(a capacity that changed while no worker led counts) {
  cold_start_of(2);
  beats[id(0)].value.capacity = 300;
  fail_over_and_lead(4);
  pass(30s, {0, 1});
  CAF_CHECK_EQUAL(owned(0), 9u);
}

CAF_TEST_FIXTURE_SCOPE_END()
