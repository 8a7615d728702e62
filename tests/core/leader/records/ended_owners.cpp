// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE core.ended_owners

#include "reconciler_fixture.hpp"

/// The records of incarnations that have ended, and of those that join in their place.
using namespace core_test;

CAF_TEST_FIXTURE_SCOPE(ended_owners_tests, reconciler_fixture)

CAF_TEST(the record of one that ended is emptied and answered before others gain) {
  two_owners();
  says("a", beat_state::stopped);
  auto x = only<reconciler::write>(want({{"b", {3, 1, 2}}}));
  CAF_CHECK_EQUAL(x.who, id("a"));
  CAF_CHECK_EQUAL(names(*x.value), "");
  CAF_CHECK_EQUAL(x.value->worker_nonce.value, "a");
  CAF_CHECK(x.value->version.value > floor_of_3 + 1);
  auto y = only<reconciler::write>(take(x));
  CAF_CHECK_EQUAL(y.who, id("b"));
  CAF_CHECK_EQUAL(names(*y.value), "1 2 3 ");
}

CAF_TEST(the end of an incarnation is a confirmation) {
  moving_2();
  auto xs = take_all(says("a", beat_state::expelled));
  CAF_CHECK_EQUAL(names(xs.at("a")), "1 ");
  CAF_CHECK_EQUAL(names(xs.at("b")), "2 3 ");
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

CAF_TEST(the record of one that may live is not touched) {
  two_owners();
  CAF_MESSAGE("it is forced to end; that takes effect only after the wait");
  says("a", beat_state::forced);
  CAF_CHECK(want({{"b", {1, 2, 3}}}).empty());
  now += 6299ms;
  CAF_CHECK(mine->touch(id("a"), now).empty());
  now += 1ms;
  auto xs = take_all(mine->touch(id("a"), now));
  CAF_CHECK_EQUAL(names(xs.at("b")), "1 2 3 ");
}

CAF_TEST(a key that is gone frees nothing) {
  two_owners();
  group.key_gone(id("a"), {99}, now, now);
  CAF_CHECK(want({{"b", {1, 2, 3}}}).empty());
  now += 1000s;
  CAF_CHECK(mine->touch(id("a"), now).empty());
  CAF_CHECK(tick().empty());
}

CAF_TEST(what the plan leaves with one that restarts is kept in its record) {
  two_owners();
  CAF_CHECK(says("a", beat_state::restarting).empty());
  CAF_MESSAGE("the rest is not");
  auto xs = take_all(want({{"a", {1}}, {"b", {2, 3}}}));
  CAF_CHECK_EQUAL(names(xs.at("a")), "1 ");
  CAF_CHECK_EQUAL(tokens(xs.at("a")), std::vector<std::uint64_t>{floor_of_3 + 1});
  CAF_CHECK_EQUAL(names(xs.at("b")), "2 3 ");
  CAF_MESSAGE("nothing is added to it before a worker has joined again");
  CAF_CHECK(want({{"a", {1, 4}}, {"b", {2, 3}}}).empty());
}

CAF_TEST(a record is addressed again as a whole with new tokens) {
  two_owners();
  says("a", beat_state::restarting);
  auto x = only<reconciler::write>(lives("a", "a2"));
  CAF_CHECK_EQUAL(x.value->worker_nonce.value, "a2");
  CAF_CHECK_EQUAL(names(*x.value), "1 2 ");
  CAF_CHECK_EQUAL(tokens(*x.value),
                  std::vector<std::uint64_t>({floor_of_3 + 2, floor_of_3 + 2}));
  take(x);
  CAF_CHECK(mine->settled());
}

CAF_TEST(one that replaces another gets only what is free) {
  moving_2();
  beat x;
  x.nonce = {"a2"};
  x.replaces = {"a"};
  auto xs = take_all(beats_as("a", x));
  CAF_CHECK_EQUAL(names(xs.at("a")), "1 ");
  CAF_CHECK_EQUAL(xs.at("a").worker_nonce.value, "a2");
  CAF_CHECK_EQUAL(names(xs.at("b")), "2 3 ");
}

CAF_TEST(a record that names nothing is addressed again at once) {
  no_records();
  show("a", 1, record_of("a", floor_of_3 + 1));
  want({{"a", {1}}});
  auto x = only<reconciler::write>(lives("a", "a2"));
  CAF_CHECK_EQUAL(x.value->worker_nonce.value, "a2");
  CAF_CHECK_EQUAL(names(*x.value), "1 ");
}

CAF_TEST(one that ended and drains now gets nothing) {
  two_owners();
  beat x;
  x.nonce = {"a2"};
  x.replaces = {"a"};
  x.state = beat_state::draining;
  beats_as("a", x);
  auto xs = take_all(want({{"b", {1, 2, 3}}}));
  CAF_CHECK_EQUAL(names(xs.at("a")), "");
  CAF_CHECK_EQUAL(names(xs.at("b")), "1 2 3 ");
}

CAF_TEST(records of workers that the target does not name are emptied) {
  two_owners();
  lives("z");
  auto x = only<reconciler::write>(show("z", 5, record_of("z", floor_of_3 + 2, {7})));
  CAF_CHECK_EQUAL(names(*x.value), "-7 ");
  take(x);
  CAF_CHECK_EQUAL(names(*only<reconciler::write>(confirms("z", *x.value)).value), "");
}

CAF_TEST_FIXTURE_SCOPE_END()
