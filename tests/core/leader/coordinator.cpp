// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE core.coordinator

#include "coordinator_fixture.hpp"

using namespace core_test;

CAF_TEST_FIXTURE_SCOPE(coordinator_tests, coordinator_fixture)

// -- taking over ------------------------------------------------------------------------

CAF_TEST(nothing is done before records and heartbeats and partitions are known) {
  for (int missing = 0; missing < 4; ++missing) {
    elect(3);
    store.clear();
    beats.clear();
    join(0);
    if (missing != 0)
      give(12);
    if (missing != 1)
      on(coordinator::records_replayed{});
    if (missing != 2)
      on(coordinator::beats_replayed{now});
    if (missing != 3)
      on(coordinator::directives_replayed{});
    CAF_CHECK_EQUAL(count<coordinator::adopt>(heard), 0u);
    CAF_CHECK_EQUAL(owned(0), 0u);
    if (missing == 0)
      give(12);
    if (missing == 1)
      on(coordinator::records_replayed{});
    if (missing == 2)
      on(coordinator::beats_replayed{now});
    if (missing == 3)
      on(coordinator::directives_unknown{});
    CAF_CHECK_EQUAL(count<coordinator::adopt>(heard), 1u);
    CAF_CHECK_EQUAL(owned(0), 12u);
  }
}

CAF_TEST(nothing is planned before the last record is sealed) {
  cold_start_of(2);
  fail_over(4);
  give(12);
  on(coordinator::directives_replayed{});
  auto seals = mine->step(coordinator::records_replayed{}, now);
  CAF_CHECK_EQUAL(count<coordinator::write>(seals), 2u);
  CAF_CHECK(mine->step(coordinator::beats_replayed{now}, now).empty());
  write(std::get<coordinator::write>(seals[0]));
  CAF_CHECK_EQUAL(count<coordinator::adopt>(heard), 0u);
  write(std::get<coordinator::write>(seals[1]));
  CAF_CHECK_EQUAL(count<coordinator::adopt>(heard), 1u);
}

CAF_TEST(nothing is planned before it may act) {
  join(0);
  give(12);
  on(coordinator::records_replayed{});
  on(coordinator::directives_replayed{});
  auto xs = mine->step(coordinator::beats_replayed{now}, now);
  CAF_CHECK_EQUAL(count<coordinator::adopt>(xs), 1u);
  pass(60s, {0});
  CAF_CHECK_EQUAL(owned(0), 0u);
  on(coordinator::may_act{});
  CAF_CHECK_EQUAL(count<coordinator::adopt>(heard), 0u);
  CAF_CHECK_EQUAL(owned(0), 12u);
}

CAF_TEST(a cold start plans at once for the workers that are present) {
  join(0);
  join(1);
  give(12);
  replay();
  CAF_CHECK_EQUAL(one<coordinator::planned>(heard).lifecycle, lifecycle::cold_start);
  CAF_CHECK_EQUAL(owned(0), 6u);
  all_owned_once(12);
  for (const auto& [who, e] : store) {
    CAF_CHECK(e.value.lifecycle == lifecycle::cold_start);
    CAF_CHECK(e.value.version.value > 3 * versions_per_epoch);
    CAF_CHECK_EQUAL(e.value.epoch.value, 3u);
  }
}

CAF_TEST(a group without workers is planned for when the first one joins) {
  give(12);
  replay();
  CAF_CHECK_EQUAL(count<coordinator::planned>(heard), 0u);
  on(coordinator::tick{});
  join(0);
  CAF_CHECK_EQUAL(owned(0), 12u);
}

CAF_TEST(a worker takes part once it has both a record and a heartbeat) {
  cold_start_of(2);
  beat_of(2);
  pass(30s, {0, 1, 2});
  CAF_CHECK_EQUAL(writes, 0u);
  record empty;
  empty.worker_nonce = {"n2"};
  put(2, empty);
  pass(2s, {0, 1, 2});
  CAF_CHECK_EQUAL(owned(2), 4u);
}

CAF_TEST(a failover without a change seals and writes nothing else) {
  cold_start_of(3);
  auto before = store;
  fail_over_and_lead(4);
  pass(60s, {0, 1, 2});
  CAF_CHECK_EQUAL(count<coordinator::adopt>(heard), 1u);
  CAF_CHECK_EQUAL(count<coordinator::planned>(heard), 0u);
  CAF_CHECK_EQUAL(writes, 3u);
  for (const auto& [who, e] : store) {
    CAF_CHECK_EQUAL(e.value.partitions, before[who].value.partitions);
    CAF_CHECK_EQUAL(e.value.version, before[who].value.version);
    CAF_CHECK_EQUAL(e.value.epoch.value, 4u);
  }
}

CAF_TEST(
    a new leader expels an owner without a heartbeat after its ttl and five per cent) {
  cold_start_of(3);
  beats.erase(id(2));
  fail_over_and_lead(4);
  pass(6200ms, {0, 1});
  CAF_CHECK_EQUAL(owned(2), 4u);
  pass(200ms, {0, 1});
  CAF_CHECK(beats[id(2)].value.state == beat_state::expelled);
  CAF_CHECK_EQUAL(beats[id(2)].value.nonce.value, "n2");
  CAF_CHECK_EQUAL(one<coordinator::planned>(heard).lifecycle, lifecycle::emergency);
  all_owned_once(12);
  CAF_CHECK_EQUAL(owned(2), 0u);
  CAF_CHECK_EQUAL(owned(0), 6u);
}

CAF_TEST(a new leader addresses the record of a worker that joined again to it) {
  cold_start_of(2);
  auto before = store[id(1)].value;
  beats[id(1)].value.replaces = {"n1"};
  beats[id(1)].value.nonce = {"again"};
  fail_over_and_lead(4);
  CAF_CHECK_EQUAL(store[id(1)].value.worker_nonce.value, "again");
  CAF_CHECK(store[id(1)].value.version > before.version);
  CAF_CHECK_EQUAL(owned(1), 6u);
}

CAF_TEST(a worker that applied a record which is not there any more stops all grants) {
  cold_start_of(3);
  CAF_MESSAGE("removed while no worker led");
  store.erase(id(2));
  fail_over_and_lead(4);
  pass(20s, {0, 1, 2});
  CAF_CHECK_EQUAL(owned(0), 4u);
  CAF_MESSAGE("it notices, and its work has ended");
  fail_over_and_lead(5);
  beat_of(2, "again");
  pass(6200ms, {0, 1, 2});
  CAF_CHECK_EQUAL(owned(0), 4u);
  CAF_CHECK_EQUAL(owned(1), 4u);
  pass(200ms, {0, 1, 2});
  CAF_CHECK_EQUAL(owned(0), 6u);
  all_owned_once(12);
}

CAF_TEST(a new leader finishes a hand over that another one began) {
  cold_start_of(2);
  beats[id(0)].deaf = beats[id(1)].deaf = true;
  join(2);
  pass(2s, {0, 1, 2});
  CAF_CHECK_EQUAL(owned(2), 0u);
  all_owned_once(12);
  fail_over_and_lead(4);
  pass(5s, {0, 1, 2});
  CAF_CHECK_EQUAL(owned(2), 0u);
  beats[id(0)].deaf = beats[id(1)].deaf = false;
  pass(20s, {0, 1, 2});
  CAF_CHECK_EQUAL(owned(2), 4u);
  all_owned_once(12);
}

// -- partitions -------------------------------------------------------------------------

CAF_TEST(partitions that are added get an owner and removed ones lose theirs) {
  cold_start_of(2);
  give(14);
  pass(2s, {0, 1});
  all_owned_once(14);
  give(4);
  pass(12s, {0, 1});
  all_owned_once(4);
  CAF_CHECK_EQUAL(owned(0), 2u);
  heard.clear();
  give(4);
  pass(20s, {0, 1});
  CAF_CHECK_EQUAL(count<coordinator::planned>(heard), 0u);
}

// -- for people -------------------------------------------------------------------------

CAF_TEST(what is going on is shown until all is published) {
  cold_start_of(2);
  join(2);
  CAF_CHECK(one<coordinator::show_phase>(heard).phase == worker_state::scaling);
  heard.clear();
  pass(2s, {0, 1, 2});
  auto x = one<coordinator::show_phase>(heard);
  CAF_CHECK(x.phase == worker_state::stable);
}

CAF_TEST(the three living followers with the lowest ids are standbys) {
  cold_start_of(6);
  auto standby = [&](int n) { return store[id(n)].value.standby; };
  CAF_CHECK_EQUAL(standby(0), 0u);
  for (int n : {1, 2, 3})
    CAF_CHECK_EQUAL(standby(n), static_cast<std::uint32_t>(n));
  CAF_CHECK_EQUAL(standby(4), 0u);
  beat_of(1, "n1", beat_state::stopped);
  CAF_CHECK_EQUAL(standby(2), 1u);
  CAF_CHECK_EQUAL(standby(3), 2u);
  CAF_CHECK_EQUAL(standby(4), 3u);
  CAF_CHECK_EQUAL(standby(1), 0u);
}

CAF_TEST_FIXTURE_SCOPE_END()
