// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE core.reconciler

#include "reconciler_fixture.hpp"

#include "partita/core/leader/records/record_facts.hpp"

using namespace core_test;

CAF_TEST_FIXTURE_SCOPE(reconciler_tests, reconciler_fixture)

// -- sealing ----------------------------------------------------------------------------

CAF_TEST(every record of an older epoch is rewritten as it was under the new one) {
  auto x = record_of("a", 50, {1}, 2);
  x.revoking = taken(parts({2}));
  x.standby = 2;
  CAF_CHECK(show("a", 7, x).empty());
  CAF_CHECK(show("b", 8, record_of("b", 60, {}, 1)).empty());
  auto xs = replay();
  CAF_REQUIRE_EQUAL(xs.size(), 2u);
  auto first_write = std::get<reconciler::write>(xs[0]);
  x.epoch = {3};
  x.leader = {"leader"};
  CAF_CHECK_EQUAL(first_write.value, x);
  CAF_CHECK_EQUAL(first_write.expected.value, 7u);
  CAF_CHECK_EQUAL(std::get<reconciler::write>(xs[1]).expected.value, 8u);
}

CAF_TEST(nothing is granted before every record is sealed) {
  show("a", 1, record_of("a", 0, {}, 0));
  show("b", 2, record_of("b", 50, {1}, 2));
  lives("a");
  auto xs = replay();
  CAF_REQUIRE_EQUAL(xs.size(), 2u);
  CAF_CHECK(want({{"a", {2}}, {"b", {1}}}).empty());
  CAF_CHECK(take(std::get<reconciler::write>(xs[0])).empty());
  CAF_CHECK(!mine->all_sealed());
  CAF_CHECK(tick().empty());
  auto after = take(std::get<reconciler::write>(xs[1]));
  CAF_CHECK_EQUAL(count<reconciler::sealed>(after), 1u);
  CAF_CHECK_EQUAL(names(one<reconciler::write>(after).value), "2 ");
}

CAF_TEST(a record that the old leader still changed is taken over and sealed again) {
  show("a", 1, record_of("a", 50, {1, 2}, 2));
  only<reconciler::write>(replay());
  only<reconciler::read>(answer("a", conflict()));
  auto theirs = record_of("a", 51, {1}, 2);
  CAF_CHECK(answer("a", holds(5, to_text(theirs))).empty());
  CAF_CHECK(!mine->all_sealed());
  auto x = only<reconciler::write>(show("a", 5, theirs));
  CAF_CHECK_EQUAL(x.expected.value, 5u);
  CAF_CHECK_EQUAL(x.value.epoch.value, 3u);
  CAF_CHECK_EQUAL(x.value.version.value, 51u);
  CAF_CHECK_EQUAL(names(x.value), "1 ");
  only<reconciler::sealed>(take(x));
}

CAF_TEST(a new record that an older leader hits is sealed before anything is granted) {
  show("a", 1, record_of("a", 0, {}, 0));
  lives("a");
  lives("b");
  only<reconciler::sealed>(take(only<reconciler::write>(replay())));
  show("b", 2, record_of("b", 0, {}, 0));
  CAF_MESSAGE("by a revision that a store gave twice");
  auto theirs = record_of("b", 50, {7}, 2);
  auto seal = only<reconciler::write>(show("b", 3, theirs));
  CAF_CHECK_EQUAL(seal.value.epoch.value, 3u);
  CAF_CHECK_EQUAL(names(seal.value), "7 ");
  CAF_CHECK(!mine->all_sealed());
  CAF_CHECK(want({{"a", {2}}, {"b", {7}}}).empty());
  CAF_CHECK(tick().empty());
  auto after = take(seal);
  CAF_CHECK_EQUAL(count<reconciler::sealed>(after), 1u);
  CAF_CHECK_EQUAL(names(one<reconciler::write>(after).value), "2 ");
}

CAF_TEST(the watch may show the old leaders change before the conflict is known) {
  show("a", 1, record_of("a", 50, {1, 2}, 2));
  only<reconciler::write>(replay());
  auto theirs = record_of("a", 51, {1}, 2);
  CAF_CHECK(show("a", 5, theirs).empty());
  only<reconciler::read>(answer("a", conflict()));
  auto x = only<reconciler::write>(answer("a", holds(5, to_text(theirs))));
  CAF_CHECK_EQUAL(x.expected.value, 5u);
  CAF_CHECK_EQUAL(x.value.version.value, 51u);
}

CAF_TEST(an unknown outcome of a seal is repeated until it is known) {
  show("a", 1, record_of("a", 50, {1}, 2));
  auto x = only<reconciler::write>(replay());
  CAF_CHECK(answer("a", no_answer()).empty());
  nothing_until(100ms);
  CAF_CHECK_EQUAL(only<reconciler::write>(tick()).value, x.value);
  CAF_CHECK(!mine->all_sealed());
  only<reconciler::read>(answer("a", conflict()));
  CAF_MESSAGE("the first try had landed");
  only<reconciler::sealed>(answer("a", holds(2, to_text(x.value))));
}

CAF_TEST(a seal that the watch shows before its answer is not settled by that) {
  show("a", 1, record_of("a", 50, {1}, 2));
  auto x = only<reconciler::write>(replay());
  answer("a", no_answer());
  CAF_CHECK(show("a", 2, x.value).empty());
  CAF_CHECK(!mine->all_sealed());
  now += 100ms;
  tick();
  answer("a", conflict());
  only<reconciler::sealed>(answer("a", holds(2, to_text(x.value))));
}

CAF_TEST(a record that vanishes while it is sealed does not stop the rest) {
  show("a", 1, record_of("a", 50, {1}, 2));
  replay();
  only<reconciler::sealed>(gone("a"));
  only<reconciler::read>(answer("a", conflict()));
  CAF_CHECK(answer("a", mark(3)).empty());
  CAF_CHECK(tick().empty());
}

CAF_TEST(a record that cannot be read does not stop the sealing but every grant) {
  show("a", 1, record_of("a", 0, {}, 3));
  show("b", 2, malformed{"no json"});
  lives("a");
  no_records();
  CAF_CHECK(want({{"a", {1}}}).empty());
  nothing_until(6300ms);
  auto xs = take_all(tick());
  CAF_CHECK_EQUAL(names(xs.at("a")), "1 ");
  CAF_CHECK_EQUAL(names(xs.at("b")), "");
}

CAF_TEST(without records everything is sealed at once and only once) {
  no_records();
  CAF_CHECK(replay().empty());
  CAF_CHECK(mine->all_sealed());
}

// -- records that say what is wanted -------------------------------------------------

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
  CAF_CHECK_EQUAL(x.value.epoch.value, 3u);
  CAF_CHECK_EQUAL(x.value.leader.value, "leader");
  CAF_CHECK_EQUAL(x.value.worker_nonce.value, "a");
  CAF_CHECK(x.value.lifecycle == lifecycle::planned_scale);
  CAF_CHECK(x.value.revoking.empty());
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
  CAF_CHECK_EQUAL(names(x.value), "");
  CAF_CHECK(take(x).empty());
  CAF_CHECK(want({{"a", {}}}).empty());
}

CAF_TEST(another weight is written and keeps the token) {
  two_owners();
  auto next = target_of({{"a", {1, 2}}, {"b", {3}}});
  next[id("a")] = {part(1, 300), part(2)};
  auto x = only<reconciler::write>(mine->want(next, lifecycle::rebalance, now));
  CAF_CHECK_EQUAL(x.value.partitions.front().partition.weight, 300);
  CAF_CHECK_EQUAL(tokens(x.value),
                  std::vector<std::uint64_t>({floor_of_3 + 1, floor_of_3 + 1}));
}

CAF_TEST(the records of standbys state their rank and others are not touched) {
  two_owners();
  auto x = only<reconciler::write>(mine->reserve({id("b")}, now));
  CAF_CHECK_EQUAL(x.value.standby, 1u);
  CAF_CHECK_EQUAL(tokens(x.value), std::vector<std::uint64_t>{floor_of_3 + 1});
  take(x);
  CAF_CHECK(mine->reserve({id("b")}, now).empty());
  auto xs = take_all(mine->reserve({id("a"), id("b")}, now));
  CAF_CHECK_EQUAL(xs.at("a").standby, 1u);
  CAF_CHECK_EQUAL(xs.at("b").standby, 2u);
  CAF_CHECK_EQUAL(only<reconciler::write>(mine->reserve({id("a")}, now)).value.standby,
                  0u);
}

// -- versions and tokens ----------------------------------------------------------------

CAF_TEST(versions begin above the epoch and the greatest one of the store) {
  no_records();
  lives("a");
  lives("b");
  want({{"a", {1}}, {"b", {2}}});
  auto x = only<reconciler::write>(show("a", 1, record_of("a", 0, {}, 0)));
  CAF_CHECK_EQUAL(x.value.version.value, floor_of_3 + 1);
  take(x);
  auto y = only<reconciler::write>(show("b", 3, record_of("b", floor_of_3 + 500)));
  CAF_CHECK_EQUAL(y.value.version.value, floor_of_3 + 501);
  CAF_CHECK_EQUAL(mine->newest().value, floor_of_3 + 501);
}

CAF_TEST(a new leader goes on above the versions of the one before) {
  show("a", 1, record_of("a", floor_of_3 + 77, {1}, 2));
  take_all(replay());
  lives("a");
  auto x = only<reconciler::write>(want({{"a", {1, 2}}}));
  CAF_CHECK_EQUAL(x.value.version.value, floor_of_3 + 78);
  CAF_CHECK_EQUAL(tokens(x.value),
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
  CAF_CHECK(y.value.version > x.value.version);
  take(x);
  take(y);
  auto next = only<reconciler::write>(want({{"a", {1, 3}}, {"b", {2}}}));
  CAF_CHECK(next.value.version > y.value.version);
}

CAF_TEST(grants that stay keep their token and new ones get the version) {
  two_owners();
  auto x = only<reconciler::write>(want({{"a", {1, 2, 4}}, {"b", {3}}}));
  CAF_CHECK_EQUAL(tokens(x.value), std::vector<std::uint64_t>(
                                       {floor_of_3 + 1, floor_of_3 + 1, floor_of_3 + 2}));
  CAF_CHECK_EQUAL(x.value.version.value, floor_of_3 + 2);
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
  CAF_CHECK(y.value.version > x.value.version);
}

// -- compare and set --------------------------------------------------------------------

CAF_TEST(one write of a key is under way and the newest target follows it) {
  no_records();
  lives("a");
  show("a", 1, record_of("a", 0, {}, 0));
  auto x = only<reconciler::write>(want({{"a", {1}}}));
  CAF_CHECK(want({{"a", {2}}}).empty());
  CAF_MESSAGE("nothing is written before the watch has shown the former write");
  CAF_CHECK(answer("a", done(2)).empty());
  auto next = only<reconciler::write>(show("a", 2, x.value));
  CAF_CHECK_EQUAL(next.expected.value, 2u);
  CAF_CHECK_EQUAL(names(next.value), "2 -1 ");
  CAF_CHECK(next.value.version > x.value.version);
}

CAF_TEST(what a write under way names is not free) {
  no_records();
  lives("a");
  lives("b");
  show("a", 1, record_of("a", floor_of_3 + 1));
  show("b", 2, record_of("b", floor_of_3 + 1));
  only<reconciler::write>(want({{"a", {1}}}));
  answer("a", no_answer());
  CAF_CHECK(want({{"b", {1}}}).empty());
}

CAF_TEST(a watch that is faster than the answer does no harm) {
  no_records();
  lives("a");
  show("a", 1, record_of("a", 0, {}, 0));
  auto x = only<reconciler::write>(want({{"a", {1}}}));
  CAF_CHECK(show("a", 2, x.value).empty());
  CAF_CHECK(!mine->settled());
  CAF_CHECK(answer("a", done(2)).empty());
  CAF_CHECK(mine->settled());
}

CAF_TEST(late news of an older revision change nothing) {
  two_owners();
  auto x = only<reconciler::write>(want({{"a", {1, 2, 4}}, {"b", {3}}}));
  take(x);
  CAF_CHECK(show("a", 1, record_of("a", 50, {1, 2})).empty());
  CAF_CHECK(mine->settled());
}

CAF_TEST(an unknown outcome is repeated as it was until it is known) {
  no_records();
  lives("a");
  show("a", 1, record_of("a", 0, {}, 0));
  auto x = only<reconciler::write>(want({{"a", {1}}}));
  CAF_CHECK(answer("a", no_answer()).empty());
  CAF_CHECK(want({{"a", {2}}}).empty());
  nothing_until(100ms);
  auto again = only<reconciler::write>(tick());
  CAF_CHECK_EQUAL(again.value, x.value);
  CAF_CHECK_EQUAL(again.expected.value, 1u);
  only<reconciler::read>(answer("a", conflict()));
  CAF_CHECK(answer("a", holds(2, to_text(x.value))).empty());
  CAF_MESSAGE("it has landed; what is wanted now goes over it once the watch shows it");
  CAF_CHECK_EQUAL(only<reconciler::write>(show("a", 2, x.value)).expected.value, 2u);
}

CAF_TEST(after a conflict the record is changed only once the watch has shown it) {
  no_records();
  lives("a");
  show("a", 1, record_of("a", 0, {}, 0));
  want({{"a", {1}}});
  only<reconciler::read>(answer("a", conflict()));
  auto theirs = record_of("a", 70, {9});
  CAF_CHECK(answer("a", holds(5, to_text(theirs))).empty());
  CAF_CHECK(lives("a").empty());
  CAF_CHECK_EQUAL(only<reconciler::write>(show("a", 5, theirs)).expected.value, 5u);
}

CAF_TEST(a record that is gone at the streams leader is awaited without haste) {
  awaits_the_watch(mark(8));
}

CAF_TEST(a record that went back to an older revision is awaited without haste) {
  awaits_the_watch(holds(1, to_text(record_of("a", 0, {}, 0))));
}

CAF_TEST(without a connection and after a refusal the write is tried again) {
  no_records();
  lives("a");
  show("a", 1, record_of("a", 0, {}, 0));
  want({{"a", {1}}});
  CAF_CHECK(answer("a", not_connected()).empty());
  nothing_until(100ms);
  only<reconciler::write>(tick());
  CAF_CHECK(answer("a", refused("too large")).empty());
  nothing_until(1s);
  only<reconciler::write>(tick());
}

// -- what is known ----------------------------------------------------------------------

CAF_TEST(of two records that name a partition the greater epoch and version has it) {
  show("a", 1, record_of("a", 90, {1}, 1));
  show("b", 2, record_of("b", 50, {1, 2}, 2));
  show("c", 3, record_of("c", 51, {2}, 2));
  CAF_CHECK(mine->names_any());
  auto owners = mine->owners();
  CAF_CHECK_EQUAL(owners.at("p.1"), id("b"));
  CAF_CHECK_EQUAL(owners.at("p.2"), id("c"));
}

CAF_TEST(of two that name a partition the one that is not to have it stops first) {
  show("a", 1, record_of("a", floor_of_3 + 1, {1}));
  show("b", 2, record_of("b", floor_of_3 + 2, {1}));
  no_records();
  lives("a");
  lives("b");
  auto x = only<reconciler::write>(want({{"a", {}}, {"b", {1}}}));
  CAF_CHECK_EQUAL(x.who, id("a"));
  CAF_CHECK_EQUAL(names(x.value), "-1 ");
}

CAF_TEST(owners are those that are wanted once that is known) {
  moving_2();
  auto owners = mine->owners();
  CAF_CHECK_EQUAL(owners.at("p.2"), id("b"));
  CAF_CHECK_EQUAL(names(mine->record_of(id("a"))), "1 -2 ");
}

// -- reasons ----------------------------------------------------------------------------

CAF_TEST(every grant and every revocation says why) {
  two_owners();
  auto wants = [&](const goals& what, const reconciler::reasons& because) {
    return mine->want(target_of(what), lifecycle::rebalance, now, because);
  };
  auto x = only<reconciler::write>(
      wants({{"a", {1, 4, 5}}, {"b", {2, 3}}}, {"b grew", {{"p.5", "a pin"}}}));
  CAF_REQUIRE_EQUAL(x.value.partitions.size(), 3u);
  CAF_MESSAGE("what stays keeps its reason: none was known");
  CAF_CHECK_EQUAL(x.value.partitions[0].reason, "");
  CAF_CHECK_EQUAL(x.value.partitions[1].reason, "b grew");
  CAF_CHECK_EQUAL(x.value.partitions[2].reason, "a pin");
  CAF_CHECK_EQUAL(x.value.revoking.at(0).reason, "b grew");
  take(x);
  CAF_MESSAGE("a later plan that leaves it there does not change why it moved");
  CAF_CHECK(wants({{"a", {1, 4, 5}}, {"b", {2, 3}}}, {"something else", {}}).empty());
  auto y = only<reconciler::write>(confirms("a", x.value));
  CAF_CHECK_EQUAL(y.value.partitions[1].reason, "b grew");
  auto z = only<reconciler::write>(take(y));
  CAF_CHECK_EQUAL(z.who.value, "b-1");
  CAF_CHECK_EQUAL(z.value.partitions[0].reason + z.value.partitions[1].reason, "b grew");
}

CAF_TEST(sealing keeps the reasons) {
  auto x = record_of("a", 50, {1}, 2);
  x.partitions[0].reason = "worker-3 was lost";
  show("a", 7, x);
  auto sealed = only<reconciler::write>(replay()).value;
  CAF_CHECK_EQUAL(sealed.partitions.at(0).reason, "worker-3 was lost");
}

CAF_TEST(what the next incarnation takes over says so) {
  two_owners();
  auto ended = says("a", beat_state::stopped);
  CAF_CHECK(ended.empty());
  auto x = only<reconciler::write>(lives("a", "a2"));
  CAF_CHECK_EQUAL(x.value.worker_nonce.value, "a2");
  CAF_CHECK_EQUAL(x.value.partitions.at(0).reason, "a-1 joined again");
}

CAF_TEST(reasons of old grants are left out where there are too many) {
  record x;
  for (int i = 0; i < 1000; ++i)
    x.partitions.push_back({{{"p", std::to_string(i)}, 100},
                            {static_cast<std::uint64_t>(i + 1)},
                            std::to_string(i) + std::string(96, '.')});
  x.revoking.push_back({{{"q"}, 100}, "kept"});
  bound_reasons(x);
  CAF_CHECK_EQUAL(x.partitions.back().reason.substr(0, 3), "999");
  CAF_CHECK_EQUAL(x.partitions.front().reason, "");
  CAF_CHECK_EQUAL(x.revoking.front().reason, "kept");
  std::size_t size = 0;
  for (const auto& y : x.partitions)
    size += y.reason.size();
  CAF_CHECK(size <= most_of_reasons && size > most_of_reasons - 200);
}

// -- rules that no other test needs ------------------------------------------------------

CAF_TEST(a partition that is revoked again is released only by a new confirmation) {
  auto first = moving_2();
  CAF_MESSAGE("a keeps it after all, before it has confirmed");
  auto back = take_all(want({{"a", {1, 2}}, {"b", {3}}})).at("a");
  CAF_CHECK_EQUAL(names(back), "1 2 ");
  auto second = take_all(want({{"a", {1}}, {"b", {2, 3}}})).at("a");
  CAF_CHECK_EQUAL(names(second), "1 -2 ");
  CAF_MESSAGE("what was applied for the first time says nothing of the second");
  CAF_CHECK(confirms("a", first).empty());
  CAF_CHECK(confirms("a", back).empty());
  CAF_CHECK_EQUAL(names(take_all(confirms("a", second)).at("b")), "2 3 ");
}

CAF_TEST(a worker that drains is given nothing that was wanted for it before) {
  two_owners();
  CAF_MESSAGE("its own goal, while it begins to drain");
  says("b", beat_state::draining);
  CAF_CHECK(want({{"a", {1, 2}}, {"b", {3, 4}}}).empty());
  CAF_MESSAGE("and one that has nothing yet");
  show("c", 3, record_of("c", 0, {}, 0));
  says("c", beat_state::draining);
  for (const auto& [who, x] : take_all(want({{"a", {1, 2}}, {"b", {3}}, {"c", {4}}})))
    CAF_CHECK_EQUAL(names(x), "");
}

CAF_TEST(the record of a worker without a heartbeat is emptied once it has ended) {
  show("a", 1, record_of("a", floor_of_3 + 1, {1}));
  show("b", 2, record_of("b", floor_of_3 + 1, {2}));
  no_records();
  lives("a");
  CAF_CHECK(want({{"a", {1, 2}}}).empty());
  CAF_MESSAGE("a leader's mark says so, in the place where nothing was");
  auto xs = take_all(says("b", beat_state::expelled));
  CAF_CHECK_EQUAL(names(xs.at("b")), "");
  CAF_CHECK_EQUAL(names(xs.at("a")), "1 2 ");
}

CAF_TEST(a leader writes no version that its readers would refuse) {
  two_owners();
  mine->versions_up_to({floor_of_3 + 1});
  CAF_CHECK_EQUAL(count<reconciler::complain>(want({{"a", {1}}, {"b", {3}}})), 1u);
  CAF_MESSAGE("until the server's clock has gone on");
  now += 1s;
  mine->versions_up_to({floor_of_3 + 2});
  auto x = only<reconciler::write>(tick());
  CAF_CHECK_EQUAL(x.value.version.value, floor_of_3 + 2);
}

CAF_TEST_FIXTURE_SCOPE_END()
