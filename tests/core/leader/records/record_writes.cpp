// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE core.record_writes

#include "reconciler_fixture.hpp"

/// Compare and set of one record: one write at a time, and its outcome.
using namespace core_test;

CAF_TEST_FIXTURE_SCOPE(record_writes_tests, reconciler_fixture)

CAF_TEST(one write of a key is under way and the newest target follows it) {
  no_records();
  lives("a");
  show("a", 1, record_of("a", 0, {}, 0));
  auto x = only<reconciler::write>(want({{"a", {1}}}));
  CAF_CHECK(want({{"a", {2}}}).empty());
  CAF_MESSAGE("nothing is written before the watch has shown the former write");
  CAF_CHECK(answer("a", done(2)).empty());
  auto next = only<reconciler::write>(show("a", 2, *x.value));
  CAF_CHECK_EQUAL(next.expected.value, 2u);
  CAF_CHECK_EQUAL(names(*next.value), "2 -1 ");
  CAF_CHECK(next.value->version > x.value->version);
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
  CAF_CHECK(show("a", 2, *x.value).empty());
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
  CAF_CHECK_EQUAL(*again.value, *x.value);
  CAF_CHECK_EQUAL(again.expected.value, 1u);
  only<reconciler::read>(answer("a", conflict()));
  CAF_CHECK(answer("a", holds(2, to_text(*x.value))).empty());
  CAF_MESSAGE("it has landed; what is wanted now goes over it once the watch shows it");
  CAF_CHECK_EQUAL(only<reconciler::write>(show("a", 2, *x.value)).expected.value, 2u);
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

CAF_TEST_FIXTURE_SCOPE_END()
