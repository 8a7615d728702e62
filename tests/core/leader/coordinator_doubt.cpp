// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE core.coordinator_doubt

#include "coordinator_fixture.hpp"

// A leader that may not be the only one, or cannot know what others do.

using namespace core_test;

CAF_TEST_FIXTURE_SCOPE(coordinator_doubt_tests, coordinator_fixture)

// -- fencing ----------------------------------------------------------------------------

CAF_TEST(a greater epoch ends everything) {
  cold_start_of(2);
  on(coordinator::epoch_shown{{3}});
  CAF_CHECK(heard.empty());
  on(coordinator::epoch_shown{{4}});
  CAF_CHECK_EQUAL(only<coordinator::overruled>(heard).by.value, 4u);
  heard.clear();
  join(5);
  pass(60s, {0});
  CAF_CHECK(heard.empty());
  CAF_CHECK(!mine->wake_at());
}

CAF_TEST(a record of a greater epoch is not written over) {
  cold_start_of(2);
  auto theirs = store[id(1)].value;
  theirs.epoch = {4};
  theirs.version = {4 * versions_per_epoch + 1};
  theirs.partitions.clear();
  put(1, theirs);
  CAF_CHECK_EQUAL(count<coordinator::overruled>(heard), 1u);
  CAF_CHECK_EQUAL(writes, 0u);
  CAF_CHECK_EQUAL(store[id(1)].value, theirs);
}

CAF_TEST(the same epoch under another leaders name ends everything) {
  cold_start_of(2);
  auto rival = store[id(1)].value;
  rival.leader = {"worker-1"};
  put(1, rival);
  CAF_CHECK_EQUAL(one<coordinator::overruled>(heard).by.value, rival.epoch.value + 1);
  heard.clear();
  on(coordinator::tick{});
  CAF_CHECK(heard.empty());
}

CAF_TEST(
    a greater epoch that a read after a conflict shows ends a leader before all else) {
  record newer;
  newer.epoch = {4};
  newer.version = {4 * versions_per_epoch + 1};
  newer.worker_nonce = {"a"};
  heard.clear();
  on(coordinator::read_answered{id(1), holds(9, to_text(newer))});
  CAF_CHECK_EQUAL(only<coordinator::overruled>(heard).by.value, 4u);
}

CAF_TEST(a record of a smaller epoch that appears later is written over) {
  cold_start_of(2);
  auto ours = store[id(1)].value;
  auto void_one = ours;
  void_one.epoch = {2};
  void_one.version = {2 * versions_per_epoch + 77};
  void_one.partitions.clear();
  store[id(1)].revision = ++last;
  on(coordinator::record_shown{id(1), {last}, mine->index().numbered(void_one)});
  CAF_CHECK_EQUAL(writes, 1u);
  CAF_CHECK_EQUAL(store[id(1)].value.partitions, ours.partitions);
  CAF_CHECK_EQUAL(store[id(1)].value.epoch.value, 3u);
  all_owned_once(12);
}

// -- work that is unknown ---------------------------------------------------------------

CAF_TEST(an unreadable record takes its worker out until the hold is over) {
  cold_start_of(2);
  store[id(1)] = {++last, {}};
  on(coordinator::record_shown{id(1), {last}, malformed{"no json"}});
  CAF_MESSAGE("what its worker still does is unknown until the worker has noticed");
  pass(20s, {0, 1});
  CAF_CHECK_EQUAL(owned(0), 6u);
  CAF_CHECK_EQUAL(writes, 0u);
  beat_of(1, "again");
  pass(30s, {0, 1});
  all_owned_once(12);
  CAF_CHECK_EQUAL(owned(1), 6u);
}

CAF_TEST(a group whose only record cannot be read is planned for after the hold) {
  beat_of(0);
  store[id(0)] = {++last, {}};
  on(coordinator::record_shown{id(0), {last}, malformed{"no json"}});
  give(12);
  replay();
  CAF_MESSAGE("it could not follow a record: it is fenced at once, and joins again");
  on(coordinator::tick{});
  CAF_CHECK_EQUAL(count<coordinator::ending>(heard), 1u);
  beats[id(0)].value = {};
  beats[id(0)].value.replaces = {nonce(0)};
  beats[id(0)].value.nonce = {"again"};
  beat_of(0, "again");
  pass(6200ms, {0});
  CAF_CHECK_EQUAL(writes, 0u);
  pass(200ms, {0});
  CAF_CHECK_EQUAL(owned(0), 12u);
}

CAF_TEST(a vanished record takes its worker out until the record is created again) {
  cold_start_of(2);
  store.erase(id(1));
  on(coordinator::record_gone{id(1)});
  beat_of(1, "again");
  pass(6200ms, {0, 1});
  CAF_CHECK_EQUAL(owned(0), 6u);
  pass(200ms, {0, 1});
  CAF_CHECK_EQUAL(owned(0), 12u);
  record empty;
  empty.worker_nonce = {"again"};
  put(1, empty);
  beat_of(1, "again");
  pass(12s, {0, 1});
  all_owned_once(12);
  CAF_CHECK_EQUAL(owned(1), 6u);
}

CAF_TEST(an incarnation that lost its record before this leader is waited for) {
  for (auto state : {beat_state::working, beat_state::forced}) {
    elect(3);
    store.clear();
    beats.clear();
    CAF_MESSAGE("what it has applied stands nowhere; a forced one may still work");
    auto& lost = beats[id(1)];
    lost.value.nonce = {"n1"};
    lost.value.state = state;
    lost.value.applied = {{2}, {2 * versions_per_epoch + 5}};
    lost.deaf = true;
    show_beat(id(1));
    join(0);
    give(12);
    replay();
    pass(6200ms, {0});
    CAF_CHECK_EQUAL(owned(0), 0u);
    CAF_MESSAGE("silent or ordered to end for ttl and five per cent: it has ended");
    pass(200ms, {0});
    CAF_CHECK_EQUAL(owned(0), 12u);
  }
}

CAF_TEST(a joiner without a record may have been granted what it is about to see) {
  auto& x = beats[id(1)];
  x.value.nonce = {"n1"};
  x.value.state = beat_state::joining;
  x.deaf = true;
  show_beat(id(1));
  join(0);
  give(12);
  replay();
  pass(20s, {0, 1});
  CAF_CHECK_EQUAL(owned(0), 0u);
  CAF_MESSAGE("its own record shows: nothing was granted to it");
  record empty;
  empty.worker_nonce = {"n1"};
  put(1, empty);
  CAF_CHECK(owned(0) > 0u);
  pass(2s, {0, 1});
  all_owned_once(12);
}

CAF_TEST(a joiner that stays without a record is fenced) {
  join(0);
  beat_of(1);
  give(12);
  replay();
  pass(29900ms, {0, 1});
  CAF_CHECK_EQUAL(count<coordinator::ending>(heard), 0u);
  pass(1s, {0, 1});
  CAF_CHECK_EQUAL(count<coordinator::ending>(heard), 1u);
  CAF_CHECK_EQUAL(beats[id(1)].value.state, beat_state::forced);
  CAF_CHECK_EQUAL(owned(0), 0u);
  pass(6400ms, {0});
  CAF_CHECK_EQUAL(owned(0), 12u);
}

CAF_TEST(one that has done more than its record says has to follow that first) {
  record older;
  older.worker_nonce = {"n1"};
  older.epoch = {2};
  older.version = {2 * versions_per_epoch + 5};
  older.partitions = {{part(1), older.version}};
  auto& x = beats[id(1)];
  x.value.nonce = {"n1"};
  x.value.applied = {{2}, {2 * versions_per_epoch + 7}};
  x.deaf = true;
  put(1, older);
  show_beat(id(1));
  join(0);
  give(12);
  replay();
  pass(20s, {0, 1});
  CAF_CHECK_EQUAL(owned(0), 0u);
  x.deaf = false;
  pass(2s, {0, 1});
  all_owned_once(12);
}

CAF_TEST(each record that vanishes holds grants again) {
  cold_start_of(3);
  auto lose = [this](int n, const std::string& next) {
    store.erase(id(n));
    on(coordinator::record_gone{id(n)});
    auto& x = beats[id(n)];
    x.value = {};
    x.value.nonce = {next};
    x.value.replaces = {nonce(n)};
    x.value.state = beat_state::joining;
    show_beat(id(n));
  };
  lose(1, "again");
  pass(4s, {0});
  lose(2, "again");
  pass(6200ms, {0});
  CAF_CHECK_EQUAL(owned(0), 4u);
  pass(300ms, {0});
  CAF_CHECK_EQUAL(owned(0), 12u);
}

CAF_TEST(nothing is granted on newborn buckets until they are old enough) {
  on(coordinator::doubted_since{now - 3300ms});
  on(coordinator::doubted_since{now - 4300ms});
  join(0);
  give(12);
  replay();
  pass(2900ms, {0});
  CAF_CHECK_EQUAL(owned(0), 0u);
  pass(100ms, {0});
  CAF_CHECK_EQUAL(owned(0), 12u);
}

CAF_TEST(what grants wait for is reported with the time left and when it is over) {
  on(coordinator::doubted_since{now - 3300ms, "the connection is new"});
  on(coordinator::doubted_since{now - 2300ms, "the buckets are new"});
  join(0);
  give(12);
  replay();
  const auto waits = first<coordinator::grants_wait>(heard);
  CAF_REQUIRE(waits);
  CAF_CHECK(waits->left == 4s);
  CAF_CHECK_EQUAL(waits->why, "the buckets are new");
  pass(3900ms, {0});
  CAF_CHECK_EQUAL(count<coordinator::may_grant>(heard), 0u);
  pass(100ms, {0});
  CAF_CHECK_EQUAL(count<coordinator::may_grant>(heard), 1u);
  CAF_CHECK_EQUAL(count<coordinator::grants_wait>(heard), 1u);
}

CAF_TEST(a group that was stopped as a whole starts without a cool down) {
  cold_start_of(2);
  for (int n : {0, 1})
    beat_of(n, nonce(n), beat_state::stopped);
  fail_over(4);
  beat_of(0, "again");
  give(12);
  replay();
  CAF_CHECK_EQUAL(owned(0), 12u);
  beat_of(1, "again");
  pass(1100ms, {0, 1});
  CAF_CHECK_EQUAL(owned(1), 6u);
  all_owned_once(12);
}

CAF_TEST(where nothing is waited for that is reported once) {
  cold_start_of(1);
  pass(10s, {0});
  fail_over_and_lead(4);
  pass(10s, {0});
  CAF_CHECK_EQUAL(count<coordinator::may_grant>(heard), 1u);
  CAF_CHECK_EQUAL(count<coordinator::grants_wait>(heard), 0u);
}

CAF_TEST(for the grace after the heartbeats were not visible no worker is expelled) {
  cold_start_of(2);
  on(coordinator::beats_interrupted{});
  now += 20s;
  on(coordinator::tick{});
  CAF_CHECK(heard.empty());
  on(coordinator::beats_replayed{now - 80s});
  now += 4999ms;
  on(coordinator::tick{});
  CAF_CHECK(heard.empty());
  now += 1ms;
  on(coordinator::tick{});
  CAF_CHECK_EQUAL(count<coordinator::ending>(heard), 2u);
}

CAF_TEST(a doubt lasts as long as the longest ttl that is seen later) {
  on(coordinator::doubted_since{now - 6400ms});
  join(0);
  join(1);
  beats[id(1)].value.terms.ttl = 12s;
  show_beat(id(1));
  give(12);
  replay();
  pass(6100ms, {0, 1});
  CAF_CHECK_EQUAL(owned(0), 0u);
  pass(200ms, {0, 1});
  all_owned_once(12);
}

CAF_TEST(nothing is granted before the clock allows it) {
  on(coordinator::may_grant_at{now + 3s});
  join(0);
  give(12);
  replay();
  pass(2900ms, {0});
  CAF_CHECK_EQUAL(owned(0), 0u);
  pass(100ms, {0});
  CAF_CHECK_EQUAL(owned(0), 12u);
}

CAF_TEST(no leader waits for the ttl in the record of an ended incarnation) {
  for (int n = 0; n < 3; ++n) {
    beats[id(n)].value.nonce = {nonce(n)};
    beats[id(n)].value.terms.ttl = n == 1 ? 600s : 6s;
    join(n);
  }
  give(12);
  replay();
  pass(60s, {0, 1, 2});
  CAF_CHECK(store[id(1)].value.terms.ttl == 600s);
  CAF_MESSAGE("it leaves: its record names nothing, and then states nothing");
  beat_of(1, nonce(1), beat_state::stopped);
  pass(20s, {0, 2});
  all_owned_once(12);
  CAF_CHECK(store[id(1)].value.terms.ttl == 0s);
  CAF_CHECK(store[id(2)].value.terms.ttl == 6s);
  auto before = writes;
  pass(20s, {0, 2});
  CAF_CHECK_EQUAL(writes, before);
}

CAF_TEST_FIXTURE_SCOPE_END()
