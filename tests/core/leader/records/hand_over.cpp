// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE core.hand_over

#include "reconciler_fixture.hpp"

/// A partition that moves: revoked, confirmed, granted.
using namespace core_test;

CAF_TEST_FIXTURE_SCOPE(hand_over_tests, reconciler_fixture)

CAF_TEST(a partition that moves is revoked first and granted after the confirmation) {
  auto revoked = moving_2();
  CAF_CHECK_EQUAL(names(revoked), "1 -2 ");
  CAF_CHECK(!mine->settled());
  auto x = only<reconciler::write>(confirms("a", revoked));
  CAF_CHECK_EQUAL(x.who, id("a"));
  CAF_CHECK_EQUAL(names(*x.value), "1 ");
  auto y = only<reconciler::write>(take(x));
  CAF_CHECK_EQUAL(y.who, id("b"));
  CAF_CHECK_EQUAL(names(*y.value), "2 3 ");
  take(y);
  CAF_CHECK(mine->settled());
}

CAF_TEST(nothing is granted before the write that freed it has landed) {
  auto revoked = moving_2();
  auto x = only<reconciler::write>(confirms("a", revoked));
  CAF_CHECK(answer("a", no_answer()).empty());
  CAF_CHECK(lives("b").empty());
  now += 100ms;
  only<reconciler::write>(tick());
  CAF_CHECK(lives("b").empty());
  only<reconciler::read>(answer("a", conflict()));
  auto y = only<reconciler::write>(answer("a", holds(++last, to_text(*x.value))));
  CAF_CHECK_EQUAL(names(*y.value), "2 3 ");
}

CAF_TEST(a write that the watch shows has landed whatever is answered) {
  auto revoked = moving_2();
  auto x = only<reconciler::write>(confirms("a", revoked));
  answer("a", no_answer());
  auto y = only<reconciler::write>(show("a", ++last, *x.value));
  CAF_CHECK_EQUAL(names(*y.value), "2 3 ");
}

CAF_TEST(an answer is enough although the watch has not shown the write yet) {
  auto revoked = moving_2();
  only<reconciler::write>(confirms("a", revoked));
  auto y = only<reconciler::write>(answer("a", done(++last)));
  CAF_CHECK_EQUAL(names(*y.value), "2 3 ");
}

CAF_TEST(a heartbeat that has not applied the revocation confirms nothing) {
  auto revoked = moving_2();
  CAF_CHECK(lives("a", "a", {{3}, {revoked.version.value - 1}}).empty());
  CAF_CHECK(lives("a", "a", {{2}, {revoked.version.value + 1}}).empty());
  only<reconciler::write>(lives("a", "a", stamp_of(revoked)));
}

CAF_TEST(a heartbeat that is still stopping it confirms nothing) {
  auto revoked = moving_2();
  CAF_CHECK(lives("a", "a", stamp_of(revoked), {2}).empty());
  only<reconciler::write>(lives("a", "a", stamp_of(revoked), {1}));
}

CAF_TEST(a heartbeat of another incarnation confirms nothing) {
  auto revoked = moving_2();
  CAF_CHECK(lives("a", "other", stamp_of(revoked)).empty());
}

CAF_TEST(partitions do not wait for each other) {
  two_owners();
  auto x = only<reconciler::write>(want({{"a", {}}, {"b", {1, 2, 3}}}));
  take(x);
  auto xs = take_all(lives("a", "a", stamp_of(*x.value), {2}));
  CAF_CHECK_EQUAL(names(xs.at("a")), "-2 ");
  CAF_CHECK_EQUAL(names(xs.at("b")), "1 3 ");
  xs = take_all(lives("a", "a", stamp_of(*x.value)));
  CAF_CHECK_EQUAL(names(xs.at("a")), "");
  CAF_CHECK_EQUAL(names(xs.at("b")), "1 2 3 ");
}

CAF_TEST(a later revocation is not confirmed by what was applied before it) {
  auto revoked = moving_2();
  auto x = only<reconciler::write>(want({{"a", {}}, {"b", {1, 2, 3}}}));
  CAF_CHECK_EQUAL(names(*x.value), "-1 -2 ");
  take(x);
  auto xs = take_all(confirms("a", revoked));
  CAF_CHECK_EQUAL(names(xs.at("a")), "-1 ");
  CAF_CHECK_EQUAL(names(xs.at("b")), "2 3 ");
}

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

CAF_TEST(what another leader wrote begins a revocation again) {
  auto first = moving_2();
  CAF_MESSAGE("in between it may have granted what its record takes away now");
  auto theirs = first;
  theirs.version.value += 10;
  CAF_CHECK(show("a", ++last, theirs).empty());
  CAF_CHECK(confirms("a", first).empty());
  auto xs = take_all(confirms("a", theirs));
  CAF_CHECK_EQUAL(names(xs.at("a")), "1 ");
  CAF_CHECK_EQUAL(names(xs.at("b")), "2 3 ");
}

CAF_TEST(what another leader wrote while a write was under way begins it again as well) {
  auto first = moving_2();
  auto ours = *only<reconciler::write>(want({{"a", {1, 4}}, {"b", {2, 3}}})).value;
  auto theirs = first;
  theirs.version.value = ours.version.value + 1;
  CAF_CHECK(show("a", ++last, theirs).empty());
  only<reconciler::read>(answer("a", conflict()));
  auto x = only<reconciler::write>(answer("a", holds(last, to_text(theirs))));
  CAF_CHECK_EQUAL(names(*x.value), "1 4 -2 ");
  CAF_CHECK(take(x).empty());
  CAF_CHECK(confirms("a", first).empty());
  auto xs = take_all(confirms("a", *x.value));
  CAF_CHECK_EQUAL(names(xs.at("b")), "2 3 ");
}

CAF_TEST(two partitions can change places) {
  two_owners();
  auto xs = take_all(want({{"a", {3, 1}}, {"b", {2}}}));
  CAF_CHECK_EQUAL(names(xs.at("a")), "1 -2 ");
  CAF_CHECK_EQUAL(names(xs.at("b")), "-3 ");
  auto ys = take_all(confirms("a", xs.at("a")));
  CAF_CHECK_EQUAL(names(ys.at("b")), "2 -3 ");
  ys = take_all(confirms("b", xs.at("b")));
  CAF_CHECK_EQUAL(names(ys.at("a")), "1 3 ");
  CAF_CHECK_EQUAL(names(ys.at("b")), "2 ");
  CAF_CHECK(mine->settled());
}

CAF_TEST(a partition that is to stay after all is granted again under a new token) {
  auto revoked = moving_2();
  auto x = only<reconciler::write>(want({{"a", {1, 2}}, {"b", {3}}}));
  CAF_CHECK_EQUAL(names(*x.value), "1 2 ");
  CAF_CHECK_EQUAL(tokens(*x.value),
                  std::vector<std::uint64_t>({floor_of_3 + 1, x.value->version.value}));
  CAF_CHECK(x.value->version > revoked.version);
  take(x);
  CAF_CHECK(confirms("a", revoked).empty());
  CAF_CHECK(mine->settled());
}

CAF_TEST(a partition that leaves the source is revoked and confirmed as well) {
  two_owners();
  auto x = only<reconciler::write>(want({{"a", {1}}, {"b", {3}}}));
  CAF_CHECK_EQUAL(names(*x.value), "1 -2 ");
  take(x);
  CAF_MESSAGE("and if it comes back, no other worker gets it before that");
  CAF_CHECK(want({{"a", {1}}, {"b", {3, 2}}}).empty());
  auto xs = take_all(confirms("a", *x.value));
  CAF_CHECK_EQUAL(names(xs.at("b")), "2 3 ");
}

CAF_TEST(a partition that left the source is nowhere once its end is confirmed) {
  two_owners();
  auto x = only<reconciler::write>(want({{"a", {1}}, {"b", {3}}}));
  take(x);
  auto xs = take_all(confirms("a", *x.value));
  CAF_CHECK_EQUAL(names(xs.at("a")), "1 ");
  CAF_CHECK(mine->settled());
}

CAF_TEST(a worker that drains gives up what others are to have and gains nothing) {
  two_owners();
  says("a", beat_state::draining);
  auto x = only<reconciler::write>(want({{"b", {1, 2, 3}}}));
  CAF_CHECK_EQUAL(names(*x.value), "-1 -2 ");
  CAF_CHECK_EQUAL(x.value->worker_nonce.value, "a");
  take(x);
  CAF_CHECK(want({{"a", {1, 2, 4}}, {"b", {3}}}).empty());
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

CAF_TEST(a new leader goes on with a hand over that another one began) {
  auto x = record_of("a", 50, {1}, 2);
  x.revoking = taken(parts({2}));
  show("a", 1, x);
  show("b", 2, record_of("b", 40, {3}, 2));
  take_all(replay());
  lives("a", "a", {{2}, {49}});
  lives("b");
  CAF_CHECK(want({{"a", {1}}, {"b", {2, 3}}}).empty());
  CAF_MESSAGE("the seal took nothing away that the record before it had not");
  auto xs = take_all(lives("a", "a", stamp_of(x)));
  CAF_CHECK_EQUAL(names(xs.at("a")), "1 ");
  CAF_CHECK_EQUAL(names(xs.at("b")), "2 3 ");
}

CAF_TEST(what another one changed meanwhile is confirmed by applying the change) {
  show("a", 1, record_of("a", 50, {1, 2}, 2));
  replay();
  auto x = record_of("a", 51, {1}, 2);
  x.revoking = taken(parts({2}));
  answer("a", conflict());
  answer("a", holds(5, to_text(x)));
  take_all(show("a", 5, x));
  lives("a", "a", {{2}, {50}});
  CAF_CHECK(want({{"a", {1}}}).empty());
  CAF_CHECK_EQUAL(names(*only<reconciler::write>(lives("a", "a", stamp_of(x))).value),
                  "1 ");
}

CAF_TEST(at most so many partitions move at a time) {
  begin(2);
  show("a", 1, record_of("a", floor_of_3 + 1, {1, 2, 3}));
  show("b", 2, record_of("b", floor_of_3 + 1, {4}));
  show("c", 3, record_of("c", floor_of_3 + 1, {}));
  no_records();
  for (auto who : {"a", "b", "c"})
    lives(who);
  auto xs = take_all(want({{"a", {}}, {"b", {}}, {"c", {1, 2, 3, 4}}}));
  CAF_CHECK_EQUAL(names(xs.at("a")), "3 -1 -2 ");
  CAF_CHECK(!xs.contains("b"));
  CAF_MESSAGE("as one is confirmed the next one follows");
  xs = take_all(lives("a", "a", stamp_of(xs.at("a")), {2}));
  CAF_CHECK_EQUAL(names(xs.at("a")), "3 -2 ");
  CAF_CHECK_EQUAL(names(xs.at("b")), "-4 ");
  CAF_CHECK_EQUAL(names(xs.at("c")), "1 ");
  xs = take_all(confirms("b", xs.at("b")));
  CAF_CHECK_EQUAL(names(xs.at("a")), "-2 -3 ");
  CAF_CHECK_EQUAL(names(xs.at("c")), "1 4 ");
  xs = take_all(confirms("a", xs.at("a")));
  CAF_CHECK_EQUAL(names(xs.at("c")), "1 2 3 4 ");
  CAF_CHECK(mine->settled());
}

CAF_TEST(a place that is free because a partition stays after all is used by others) {
  begin(1);
  show("a", 1, record_of("a", floor_of_3 + 1, {1}));
  show("b", 2, record_of("b", floor_of_3 + 1, {2}));
  no_records();
  lives("a");
  lives("b");
  auto xs = take_all(want({{"a", {1, 2}}, {"b", {}}}));
  CAF_CHECK_EQUAL(names(xs.at("b")), "-2 ");
  xs = take_all(want({{"a", {}}, {"b", {1, 2}}}));
  CAF_CHECK_EQUAL(names(xs.at("b")), "2 ");
  CAF_CHECK_EQUAL(names(xs.at("a")), "-1 ");
}

CAF_TEST_FIXTURE_SCOPE_END()
