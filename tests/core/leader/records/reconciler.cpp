// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE core.reconciler

#include "reconciler_fixture.hpp"

using namespace core_test;

CAF_TEST_FIXTURE_SCOPE(reconciler_tests, reconciler_fixture)

// -- records that say what is wanted ----------------------------------------------------

CAF_TEST(records that say what is wanted are not touched) {
  two_owners();
  CAF_CHECK(tick().empty());
  CAF_CHECK(want({{"a", {2, 1}}, {"b", {3}}}).empty());
  CAF_CHECK(confirms("a", record_of("a", floor_of_3 + 1)).empty());
  CAF_CHECK(!mine->wake_at());
}

CAF_TEST(nothing is written before it is known what is wanted) {
  show("a", 1, record_of("a", floor_of_3 + 1, {1}));
  no_records();
  CAF_CHECK(lives("a").empty());
  CAF_CHECK(tick().empty());
  CAF_CHECK(!mine->settled());
}

CAF_TEST(a group is settled neither before a target is known nor while grants are held) {
  no_records();
  CAF_CHECK(!mine->settled());
  CAF_CHECK(want({}).empty());
  CAF_CHECK(mine->settled());
  mine->hold().not_before(now + 4s);
  CAF_CHECK(mine->look_again(now).empty());
  CAF_CHECK(!mine->settled());
  nothing_until(4s);
  tick();
  CAF_CHECK(mine->settled());
}

CAF_TEST(a record is written over the revision that was shown with all its fields) {
  show("a", 7, record_of("a", 0, {}, 0));
  take_all(replay());
  lives("a");
  auto x = only<reconciler::write>(want({{"a", {1}}}));
  CAF_CHECK_EQUAL(x.expected.value, last);
  CAF_CHECK_EQUAL(x.value->epoch.value, 3u);
  CAF_CHECK_EQUAL(x.value->leader.value, "leader");
  CAF_CHECK_EQUAL(x.value->worker_nonce.value, "a");
  CAF_CHECK(x.value->lifecycle == lifecycle::planned_scale);
  CAF_CHECK(x.value->revoking.empty());
  CAF_CHECK(!mine->settled());
  take(x);
  CAF_CHECK(mine->settled());
}

CAF_TEST(a worker is written to once it has a record and a heartbeat) {
  no_records();
  CAF_CHECK(want({{"a", {1}}}).empty());
  CAF_CHECK(show("a", 4, record_of("a", 0, {}, 0)).empty());
  CAF_CHECK_EQUAL(only<reconciler::write>(lives("a")).expected.value, 4u);
}

CAF_TEST(the record of a worker that gets nothing is written once) {
  no_records();
  lives("a");
  want({{"a", {}}});
  auto x = only<reconciler::write>(show("a", 4, record_of("a", 0, {}, 0)));
  CAF_CHECK_EQUAL(names(*x.value), "");
  CAF_CHECK(take(x).empty());
  CAF_CHECK(want({{"a", {}}}).empty());
}

CAF_TEST(another weight is written and keeps the token) {
  two_owners();
  auto next = target_of({{"a", {1, 2}}, {"b", {3}}});
  next.list = index.list({part(1, 300), part(2), part(3)});
  auto x = only<reconciler::write>(mine->want(next, lifecycle::rebalance, now));
  CAF_CHECK_EQUAL(x.value->partitions.front().partition.weight, 300);
  CAF_CHECK_EQUAL(tokens(*x.value),
                  std::vector<std::uint64_t>({floor_of_3 + 1, floor_of_3 + 1}));
}

CAF_TEST(the records of standbys state their rank and others are not touched) {
  two_owners();
  auto x = only<reconciler::write>(mine->reserve({id("b")}, now));
  CAF_CHECK_EQUAL(x.value->standby, 1u);
  CAF_CHECK_EQUAL(tokens(*x.value), std::vector<std::uint64_t>{floor_of_3 + 1});
  take(x);
  CAF_CHECK(mine->reserve({id("b")}, now).empty());
  auto xs = take_all(mine->reserve({id("a"), id("b")}, now));
  CAF_CHECK_EQUAL(xs.at("a").standby, 1u);
  CAF_CHECK_EQUAL(xs.at("b").standby, 2u);
  CAF_CHECK_EQUAL(only<reconciler::write>(mine->reserve({id("a")}, now)).value->standby,
                  0u);
}

// -- versions and tokens ----------------------------------------------------------------

CAF_TEST(versions begin above the epoch and the greatest one of the store) {
  no_records();
  lives("a");
  lives("b");
  want({{"a", {1}}, {"b", {2}}});
  auto x = only<reconciler::write>(show("a", 1, record_of("a", 0, {}, 0)));
  CAF_CHECK_EQUAL(x.value->version.value, floor_of_3 + 1);
  take(x);
  auto y = only<reconciler::write>(show("b", 3, record_of("b", floor_of_3 + 500)));
  CAF_CHECK_EQUAL(y.value->version.value, floor_of_3 + 501);
  CAF_CHECK_EQUAL(mine->newest().value, floor_of_3 + 501);
}

CAF_TEST(a new leader goes on above the versions of the one before) {
  show("a", 1, record_of("a", floor_of_3 + 77, {1}, 2));
  take_all(replay());
  lives("a");
  auto x = only<reconciler::write>(want({{"a", {1, 2}}}));
  CAF_CHECK_EQUAL(x.value->version.value, floor_of_3 + 78);
  CAF_CHECK_EQUAL(tokens(*x.value),
                  std::vector<std::uint64_t>({floor_of_3 + 77, floor_of_3 + 78}));
}

CAF_TEST(every record has a version of its own and each is greater than all before) {
  no_records();
  lives("a");
  lives("b");
  show("a", 1, record_of("a", 0, {}, 0));
  show("b", 2, record_of("b", 0, {}, 0));
  auto xs = want({{"a", {1}}, {"b", {2}}});
  CAF_REQUIRE_EQUAL(xs.size(), 2u);
  auto x = std::get<reconciler::write>(xs[0]);
  auto y = std::get<reconciler::write>(xs[1]);
  CAF_CHECK(y.value->version > x.value->version);
  take(x);
  take(y);
  auto next = only<reconciler::write>(want({{"a", {1, 3}}, {"b", {2}}}));
  CAF_CHECK(next.value->version > y.value->version);
}

CAF_TEST(grants that stay keep their token and new ones get the version) {
  two_owners();
  auto x = only<reconciler::write>(want({{"a", {1, 2, 4}}, {"b", {3}}}));
  CAF_CHECK_EQUAL(
      tokens(*x.value),
      std::vector<std::uint64_t>({floor_of_3 + 1, floor_of_3 + 1, floor_of_3 + 2}));
  CAF_CHECK_EQUAL(x.value->version.value, floor_of_3 + 2);
}

CAF_TEST(a record that vanished and was recreated gets a greater version again) {
  two_owners();
  auto x = only<reconciler::write>(want({{"a", {1, 2, 4}}, {"b", {3}}}));
  take(x);
  gone("a");
  now += 6300ms;
  tick();
  joins_again("a", "a2");
  auto fresh = record_of("a2", 0, {}, 0);
  auto y = only<reconciler::write>(show("a", last + 1, fresh));
  CAF_CHECK(y.value->version > x.value->version);
}

CAF_TEST(a leader writes no version that its readers would refuse) {
  two_owners();
  mine->versions_up_to({floor_of_3 + 1});
  CAF_CHECK_EQUAL(count<reconciler::complain>(want({{"a", {1}}, {"b", {3}}})), 1u);
  CAF_MESSAGE("until the server's clock has gone on");
  now += 1s;
  mine->versions_up_to({floor_of_3 + 2});
  auto x = only<reconciler::write>(tick());
  CAF_CHECK_EQUAL(x.value->version.value, floor_of_3 + 2);
}

// -- what is known ----------------------------------------------------------------------

CAF_TEST(of two records that name a partition the greater epoch and version has it) {
  show("a", 1, record_of("a", 90, {1}, 1));
  show("b", 2, record_of("b", 50, {1, 2}, 2));
  show("c", 3, record_of("c", 51, {2}, 2));
  CAF_CHECK(mine->names_any());
  auto owners = mine->owners();
  CAF_CHECK_EQUAL(*owners.of(index.number_of(part(1))), id("b"));
  CAF_CHECK_EQUAL(*owners.of(index.number_of(part(2))), id("c"));
}

CAF_TEST(of two that name a partition the one that is not to have it stops first) {
  show("a", 1, record_of("a", floor_of_3 + 1, {1}));
  show("b", 2, record_of("b", floor_of_3 + 2, {1}));
  no_records();
  lives("a");
  lives("b");
  auto x = only<reconciler::write>(want({{"a", {}}, {"b", {1}}}));
  CAF_CHECK_EQUAL(x.who, id("a"));
  CAF_CHECK_EQUAL(names(*x.value), "-1 ");
}

CAF_TEST(owners are those that are wanted once that is known) {
  moving_2();
  auto owners = mine->owners();
  CAF_CHECK_EQUAL(*owners.of(index.number_of(part(2))), id("b"));
  CAF_CHECK_EQUAL(names(mine->record_of(id("a"))), "1 -2 ");
}

CAF_TEST_FIXTURE_SCOPE_END()
