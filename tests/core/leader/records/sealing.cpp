// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE core.sealing

#include "reconciler_fixture.hpp"

/// A new leader writes every record of an older epoch again before it grants anything.
using namespace core_test;

CAF_TEST_FIXTURE_SCOPE(sealing_tests, reconciler_fixture)

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
  CAF_CHECK_EQUAL(*first_write.value, x);
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
  CAF_CHECK_EQUAL(names(*one<reconciler::write>(after).value), "2 ");
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
  CAF_CHECK_EQUAL(x.value->epoch.value, 3u);
  CAF_CHECK_EQUAL(x.value->version.value, 51u);
  CAF_CHECK_EQUAL(names(*x.value), "1 ");
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
  CAF_CHECK_EQUAL(seal.value->epoch.value, 3u);
  CAF_CHECK_EQUAL(names(*seal.value), "7 ");
  CAF_CHECK(!mine->all_sealed());
  CAF_CHECK(want({{"a", {2}}, {"b", {7}}}).empty());
  CAF_CHECK(tick().empty());
  auto after = take(seal);
  CAF_CHECK_EQUAL(count<reconciler::sealed>(after), 1u);
  CAF_CHECK_EQUAL(names(*one<reconciler::write>(after).value), "2 ");
}

CAF_TEST(the watch may show the old leaders change before the conflict is known) {
  show("a", 1, record_of("a", 50, {1, 2}, 2));
  only<reconciler::write>(replay());
  auto theirs = record_of("a", 51, {1}, 2);
  CAF_CHECK(show("a", 5, theirs).empty());
  only<reconciler::read>(answer("a", conflict()));
  auto x = only<reconciler::write>(answer("a", holds(5, to_text(theirs))));
  CAF_CHECK_EQUAL(x.expected.value, 5u);
  CAF_CHECK_EQUAL(x.value->version.value, 51u);
}

CAF_TEST(an unknown outcome of a seal is repeated until it is known) {
  show("a", 1, record_of("a", 50, {1}, 2));
  auto x = only<reconciler::write>(replay());
  CAF_CHECK(answer("a", no_answer()).empty());
  nothing_until(100ms);
  CAF_CHECK_EQUAL(*only<reconciler::write>(tick()).value, *x.value);
  CAF_CHECK(!mine->all_sealed());
  only<reconciler::read>(answer("a", conflict()));
  CAF_MESSAGE("the first try had landed");
  only<reconciler::sealed>(answer("a", holds(2, to_text(*x.value))));
}

CAF_TEST(a seal that the watch shows before its answer is not settled by that) {
  show("a", 1, record_of("a", 50, {1}, 2));
  auto x = only<reconciler::write>(replay());
  answer("a", no_answer());
  CAF_CHECK(show("a", 2, *x.value).empty());
  CAF_CHECK(!mine->all_sealed());
  now += 100ms;
  tick();
  answer("a", conflict());
  only<reconciler::sealed>(answer("a", holds(2, to_text(*x.value))));
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

// -- formats of records -----------------------------------------------------------------

CAF_TEST(records are sealed in a format that all that live read) {
  show("a", 7, record_of("a", 50, {1}, 2));
  reads_format("c", 1);
  CAF_CHECK_EQUAL(only<reconciler::write>(replay()).format, 1u);
}

CAF_TEST(once a worker reads only an older format all records are sealed again in that) {
  two_owners();
  show("empty", 3, record_of("empty", floor_of_3 + 1));
  auto xs = reads_format("c", 1);
  CAF_CHECK(!mine->all_sealed());
  CAF_REQUIRE_EQUAL(count<reconciler::write>(xs), 2u);
  for (const auto& x : xs) {
    const auto& w = std::get<reconciler::write>(x);
    CAF_CHECK_EQUAL(w.format, 1u);
    CAF_CHECK_EQUAL(stamp_of(*w.value), stamp_of(mine->record_of(w.who)));
    CAF_CHECK_EQUAL(names(*w.value), names(mine->record_of(w.who)));
  }
  take_all(xs);
  CAF_CHECK(mine->all_sealed());
  CAF_MESSAGE("it says so once");
  CAF_CHECK(reads_format("c", 1).empty());
  CAF_CHECK(want({{"a", {1, 2}}, {"b", {3}}}).empty());
  CAF_MESSAGE("what changes while it lives is written in that format");
  CAF_CHECK_EQUAL(only<reconciler::write>(want({{"a", {1}}, {"b", {2, 3}}})).format, 1u);
}

CAF_TEST(a write that is under way is sealed in the older format after it) {
  two_owners();
  auto x = only<reconciler::write>(want({{"a", {1, 2}}, {"b", {}}}));
  CAF_CHECK_EQUAL(x.format, newest_record_format);
  auto other = only<reconciler::write>(reads_format("c", 1));
  CAF_CHECK_EQUAL(other.who.value, "a-1");
  auto again = only<reconciler::write>(take(x));
  CAF_CHECK_EQUAL(again.who.value, "b-1");
  CAF_CHECK_EQUAL(again.format, 1u);
  CAF_CHECK_EQUAL(*again.value, *x.value);
}

CAF_TEST(the newest format is written again from the plan after the older worker on) {
  two_owners();
  take_all(reads_format("c", 1));
  says("c", beat_state::stopped);
  CAF_CHECK_EQUAL(only<reconciler::write>(want({{"a", {1}}, {"b", {2, 3}}})).format,
                  newest_record_format);
}

CAF_TEST_FIXTURE_SCOPE_END()
