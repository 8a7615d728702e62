// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE core.hand_over

#include "records/reconciler_fixture.hpp"

using namespace core_test;

CAF_TEST_FIXTURE_SCOPE(hand_over_tests, reconciler_fixture)

// -- handing over -----------------------------------------------------------------------

CAF_TEST(a partition that moves is revoked first and granted after the confirmation) {
  auto revoked = moving_2();
  CAF_CHECK_EQUAL(names(revoked), "1 -2 ");
  CAF_CHECK(!mine->settled());
  auto x = only<reconciler::write>(confirms("a", revoked));
  CAF_CHECK_EQUAL(x.who, id("a"));
  CAF_CHECK_EQUAL(names(x.value), "1 ");
  auto y = only<reconciler::write>(take(x));
  CAF_CHECK_EQUAL(y.who, id("b"));
  CAF_CHECK_EQUAL(names(y.value), "2 3 ");
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
  auto y = only<reconciler::write>(answer("a", holds(++last, to_text(x.value))));
  CAF_CHECK_EQUAL(names(y.value), "2 3 ");
}

CAF_TEST(a write that the watch shows has landed whatever is answered) {
  auto revoked = moving_2();
  auto x = only<reconciler::write>(confirms("a", revoked));
  answer("a", no_answer());
  auto y = only<reconciler::write>(show("a", ++last, x.value));
  CAF_CHECK_EQUAL(names(y.value), "2 3 ");
}

CAF_TEST(an answer is enough although the watch has not shown the write yet) {
  auto revoked = moving_2();
  only<reconciler::write>(confirms("a", revoked));
  auto y = only<reconciler::write>(answer("a", done(++last)));
  CAF_CHECK_EQUAL(names(y.value), "2 3 ");
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
  auto xs = take_all(lives("a", "a", stamp_of(x.value), {2}));
  CAF_CHECK_EQUAL(names(xs.at("a")), "-2 ");
  CAF_CHECK_EQUAL(names(xs.at("b")), "1 3 ");
  xs = take_all(lives("a", "a", stamp_of(x.value)));
  CAF_CHECK_EQUAL(names(xs.at("a")), "");
  CAF_CHECK_EQUAL(names(xs.at("b")), "1 2 3 ");
}

CAF_TEST(a later revocation is not confirmed by what was applied before it) {
  auto revoked = moving_2();
  auto x = only<reconciler::write>(want({{"a", {}}, {"b", {1, 2, 3}}}));
  CAF_CHECK_EQUAL(names(x.value), "-1 -2 ");
  take(x);
  auto xs = take_all(confirms("a", revoked));
  CAF_CHECK_EQUAL(names(xs.at("a")), "-1 ");
  CAF_CHECK_EQUAL(names(xs.at("b")), "2 3 ");
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
  auto ours = only<reconciler::write>(want({{"a", {1, 4}}, {"b", {2, 3}}})).value;
  auto theirs = first;
  theirs.version.value = ours.version.value + 1;
  CAF_CHECK(show("a", ++last, theirs).empty());
  only<reconciler::read>(answer("a", conflict()));
  auto x = only<reconciler::write>(answer("a", holds(last, to_text(theirs))));
  CAF_CHECK_EQUAL(names(x.value), "1 4 -2 ");
  CAF_CHECK(take(x).empty());
  CAF_CHECK(confirms("a", first).empty());
  auto xs = take_all(confirms("a", x.value));
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
  CAF_CHECK_EQUAL(names(ys.at("a")), "3 1 ");
  CAF_CHECK_EQUAL(names(ys.at("b")), "2 ");
  CAF_CHECK(mine->settled());
}

CAF_TEST(a partition that is to stay after all is granted again under a new token) {
  auto revoked = moving_2();
  auto x = only<reconciler::write>(want({{"a", {1, 2}}, {"b", {3}}}));
  CAF_CHECK_EQUAL(names(x.value), "1 2 ");
  CAF_CHECK_EQUAL(tokens(x.value),
                  std::vector<std::uint64_t>({floor_of_3 + 1, x.value.version.value}));
  CAF_CHECK(x.value.version > revoked.version);
  take(x);
  CAF_CHECK(confirms("a", revoked).empty());
  CAF_CHECK(mine->settled());
}

CAF_TEST(a partition that leaves the source is revoked and confirmed as well) {
  two_owners();
  auto x = only<reconciler::write>(want({{"a", {1}}, {"b", {3}}}));
  CAF_CHECK_EQUAL(names(x.value), "1 -2 ");
  take(x);
  CAF_MESSAGE("and if it comes back, no other worker gets it before that");
  CAF_CHECK(want({{"a", {1}}, {"b", {3, 2}}}).empty());
  auto xs = take_all(confirms("a", x.value));
  CAF_CHECK_EQUAL(names(xs.at("b")), "3 2 ");
}

CAF_TEST(a partition that left the source is nowhere once its end is confirmed) {
  two_owners();
  auto x = only<reconciler::write>(want({{"a", {1}}, {"b", {3}}}));
  take(x);
  auto xs = take_all(confirms("a", x.value));
  CAF_CHECK_EQUAL(names(xs.at("a")), "1 ");
  CAF_CHECK(mine->settled());
}

CAF_TEST(a worker that drains gives up what others are to have and gains nothing) {
  two_owners();
  says("a", beat_state::draining);
  auto x = only<reconciler::write>(want({{"b", {1, 2, 3}}}));
  CAF_CHECK_EQUAL(names(x.value), "-1 -2 ");
  CAF_CHECK_EQUAL(x.value.worker_nonce.value, "a");
  take(x);
  CAF_CHECK(want({{"a", {1, 2, 4}}, {"b", {3}}}).empty());
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
  CAF_CHECK_EQUAL(names(only<reconciler::write>(lives("a", "a", stamp_of(x))).value),
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
  CAF_CHECK_EQUAL(names(xs.at("a")), "-3 -2 ");
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

// -- who does not confirm ---------------------------------------------------------------

CAF_TEST(a worker that does not confirm in time is overdue) {
  moving_2();
  CAF_CHECK(*mine->wake_at() == now + 30s);
  now += 29999ms;
  CAF_CHECK(lives("a").empty());
  CAF_CHECK(tick().empty());
  now += 1ms;
  auto x = only<reconciler::overdue>(tick());
  CAF_CHECK_EQUAL(x.who, id("a"));
  CAF_CHECK_EQUAL(x.incarnation.value, "a");
  CAF_CHECK_EQUAL(x.partitions, 1u);
  CAF_MESSAGE("and again at every heartbeat, whose revision is to be written over");
  now += 1s;
  only<reconciler::overdue>(lives("a"));
  CAF_CHECK(!mine->wake_at());
}

CAF_TEST(a worker that has applied a revocation and does not stop is overdue as well) {
  auto revoked = moving_2();
  auto due = now + 30s;
  now += 1s;
  CAF_CHECK(lives("a", "a", stamp_of(revoked), {2}).empty());
  CAF_CHECK(mine->wake_at() == due);
  now = due;
  CAF_CHECK_EQUAL(only<reconciler::overdue>(tick()).partitions, 1u);
}

CAF_TEST(a worker that is silent when its time is over is not overdue) {
  moving_2();
  says("a", beat_state::forced);
  now += 30s;
  CAF_CHECK(tick().empty());
  CAF_CHECK(!mine->wake_at());
}

CAF_TEST(a worker that ended while its record cannot be written causes no busy loop) {
  moving_2();
  only<reconciler::write>(says("a", beat_state::expelled));
  for (int i = 0; i < 300; ++i) {
    answer("a", no_answer());
    now += 101ms;
    only<reconciler::write>(tick());
    CAF_CHECK(tick().empty());
  }
}

CAF_TEST(a partition that is confirmed in time makes no worker overdue) {
  auto revoked = moving_2();
  auto next = take_all(confirms("a", revoked));
  for (const auto& [who, x] : next)
    CAF_CHECK(confirms(who, x).empty());
  now += 30s;
  CAF_CHECK(tick().empty());
  CAF_CHECK(!mine->wake_at());
}

CAF_TEST(a worker that does not follow its record is overdue) {
  no_records();
  lives("a");
  show("a", 7, record_of("a", 0, {}, 0));
  auto granted = take_all(want({{"a", {1}}})).at("a");
  CAF_CHECK_EQUAL(names(granted), "1 ");
  CAF_CHECK(*mine->wake_at() == now + 30s);
  now += 20s;
  CAF_CHECK(lives("a").empty());
  CAF_MESSAGE("a newer record does not extend its time");
  auto next = take_all(want({{"a", {1, 2}}})).at("a");
  now += 9999ms;
  CAF_CHECK(lives("a").empty());
  CAF_CHECK(tick().empty());
  now += 1ms;
  auto x = only<reconciler::overdue>(tick());
  CAF_CHECK_EQUAL(x.incarnation.value, "a");
  CAF_CHECK_EQUAL(x.partitions, 0u);
  CAF_CHECK(!mine->wake_at());
  CAF_MESSAGE("having applied the older one it has as long for the newer one");
  CAF_CHECK(confirms("a", granted).empty());
  nothing_until(30s);
  only<reconciler::overdue>(tick());
  CAF_CHECK(confirms("a", next).empty());
  now += 30s;
  CAF_CHECK(tick().empty());
}

// -- who has ended ----------------------------------------------------------------------

CAF_TEST(the record of one that ended is emptied and answered before others gain) {
  two_owners();
  says("a", beat_state::stopped);
  auto x = only<reconciler::write>(want({{"b", {3, 1, 2}}}));
  CAF_CHECK_EQUAL(x.who, id("a"));
  CAF_CHECK_EQUAL(names(x.value), "");
  CAF_CHECK_EQUAL(x.value.worker_nonce.value, "a");
  CAF_CHECK(x.value.version.value > floor_of_3 + 1);
  auto y = only<reconciler::write>(take(x));
  CAF_CHECK_EQUAL(y.who, id("b"));
  CAF_CHECK_EQUAL(names(y.value), "3 1 2 ");
}

CAF_TEST(the end of an incarnation is a confirmation) {
  moving_2();
  auto xs = take_all(says("a", beat_state::expelled));
  CAF_CHECK_EQUAL(names(xs.at("a")), "1 ");
  CAF_CHECK_EQUAL(names(xs.at("b")), "2 3 ");
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
  CAF_CHECK_EQUAL(x.value.worker_nonce.value, "a2");
  CAF_CHECK_EQUAL(names(x.value), "1 2 ");
  CAF_CHECK_EQUAL(tokens(x.value),
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
  CAF_CHECK_EQUAL(x.value.worker_nonce.value, "a2");
  CAF_CHECK_EQUAL(names(x.value), "1 ");
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
  CAF_CHECK_EQUAL(names(x.value), "-7 ");
  take(x);
  CAF_CHECK_EQUAL(names(only<reconciler::write>(confirms("z", x.value)).value), "");
}

// -- work that is unknown ---------------------------------------------------------------

CAF_TEST(after a record vanished nothing is granted for the hold) {
  two_owners();
  gone("a");
  CAF_CHECK(want({{"b", {1, 2, 3}}}).empty());
  CAF_CHECK(!mine->settled());
  CAF_MESSAGE("it has noticed");
  CAF_CHECK(joins_again("a", "a2").empty());
  nothing_until(6300ms);
  auto x = only<reconciler::write>(tick());
  CAF_CHECK_EQUAL(x.who, id("b"));
  CAF_CHECK_EQUAL(names(x.value), "1 2 3 ");
}

CAF_TEST(nothing is granted while a worker whose record vanished sends heartbeats) {
  two_owners();
  gone("a");
  CAF_CHECK(want({{"b", {1, 2, 3}}}).empty());
  now += 30s;
  auto x = only<reconciler::overdue>(tick());
  CAF_CHECK_EQUAL(x.who, id("a"));
  CAF_MESSAGE("and is ordered to end at each heartbeat");
  CAF_CHECK_EQUAL(only<reconciler::overdue>(lives("a")).incarnation, nonce{"a"});
  CAF_CHECK(!mine->settled());
  CAF_MESSAGE("it joins again");
  auto xs = joins_again("a", "a2");
  CAF_CHECK_EQUAL(names(only<reconciler::write>(xs).value), "1 2 3 ");
  CAF_CHECK(want({{"b", {1, 2, 3}}}).empty());
}

CAF_TEST(nothing is granted before an incarnation whose record vanished has ended) {
  two_owners();
  gone("a");
  CAF_CHECK(want({{"b", {1, 2, 3}}}).empty());
  now += 10min;
  CAF_MESSAGE("ordered to end, it may still work");
  CAF_CHECK(says("a", beat_state::forced).empty());
  CAF_CHECK(tick().empty());
  CAF_MESSAGE("silent after that: a mark says that it has ended");
  auto xs = says("a", beat_state::expelled);
  CAF_CHECK_EQUAL(names(only<reconciler::write>(xs).value), "1 2 3 ");
}

CAF_TEST(a record that is shown again has not vanished) {
  two_owners();
  gone("a");
  show("a", 90, record_of("a", floor_of_3 + 1, {1, 2}));
  CAF_CHECK(want({{"a", {1, 2}}, {"b", {3, 4}}}).empty());
  nothing_until(6300ms);
  auto xs = tick();
  CAF_CHECK_EQUAL(names(only<reconciler::write>(xs).value), "3 4 ");
}

CAF_TEST(once a record is shown again after the hold others are granted what waited) {
  two_owners();
  gone("a");
  CAF_CHECK(want({{"a", {1, 2}}, {"b", {3, 4}}}).empty());
  nothing_until(6300ms);
  CAF_CHECK(tick().empty());
  auto xs = show("a", 90, record_of("a", floor_of_3 + 1, {1, 2}));
  CAF_CHECK_EQUAL(names(only<reconciler::write>(xs).value), "3 4 ");
}

CAF_TEST(during a hold nothing is taken away for a worker that could not get it yet) {
  two_owners();
  show("c", 5, record_of("c", 0, {}, 0));
  lives("c");
  gone("a");
  CAF_CHECK(want({{"b", {1}}, {"c", {3}}}).empty());
  CAF_MESSAGE("what no worker is to have any more is taken away at once");
  auto x = only<reconciler::write>(want({{"b", {1}}, {"c", {}}}));
  CAF_CHECK_EQUAL(names(x.value), "-3 ");
}

CAF_TEST(during a hold no record is addressed again) {
  two_owners();
  gone("a");
  lives("a", "a2");
  says("b", beat_state::restarting);
  CAF_CHECK(lives("b", "b2").empty());
  nothing_until(6300ms);
  CAF_CHECK_EQUAL(only<reconciler::write>(tick()).value.worker_nonce.value, "b2");
}

CAF_TEST(a second loss starts the hold again) {
  two_owners();
  gone("a");
  now += 6s;
  gone("b");
  nothing_until(6300ms);
  CAF_CHECK(!mine->wake_at() || *mine->wake_at() <= now);
}

CAF_TEST(a record that cannot be read is rewritten after the hold) {
  two_owners();
  CAF_CHECK(show("a", 9, malformed{"no json"}).empty());
  CAF_CHECK(!mine->has_record(id("a")));
  CAF_CHECK(want({{"b", {3}}}).empty());
  CAF_CHECK(lives("a", "a2").empty());
  nothing_until(6300ms);
  auto x = only<reconciler::write>(tick());
  CAF_CHECK_EQUAL(x.who, id("a"));
  CAF_CHECK_EQUAL(x.expected.value, 9u);
  CAF_CHECK_EQUAL(names(x.value), "");
  CAF_CHECK(x.value.version.value > floor_of_3 + 1);
}

CAF_TEST(nothing is granted before the buckets are old enough) {
  no_records();
  lives("a");
  CAF_CHECK((mine->hold().not_before(now + 4s), mine->look_again(now)).empty());
  CAF_CHECK(show("a", 1, record_of("a", 0, {}, 0)).empty());
  CAF_CHECK(want({{"a", {1}}}).empty());
  CAF_CHECK(!mine->settled());
  nothing_until(4s);
  CAF_CHECK_EQUAL(names(only<reconciler::write>(tick()).value), "1 ");
}

CAF_TEST(a record of a smaller epoch that appears later is void and written over) {
  two_owners();
  CAF_MESSAGE("its worker ignores it, and goes on with what it has");
  auto xs = show("a", 9, record_of("a", floor_of_3 - 1, {}, 2));
  auto x = only<reconciler::write>(xs);
  CAF_CHECK_EQUAL(x.expected.value, 9u);
  CAF_CHECK_EQUAL(names(x.value), "1 2 ");
  CAF_CHECK_EQUAL(tokens(x.value),
                  std::vector<std::uint64_t>({floor_of_3 + 1, floor_of_3 + 1}));
  CAF_CHECK(x.value.version.value > floor_of_3 + 1);
  take(x);
  CAF_CHECK(mine->settled());
}

CAF_TEST(a void record frees nothing) {
  auto revoked = moving_2();
  auto x = only<reconciler::write>(show("a", ++last, record_of("a", 5, {}, 2)));
  CAF_CHECK_EQUAL(names(x.value), "1 -2 ");
  take(x);
  auto xs = take_all(confirms("a", x.value));
  CAF_CHECK_EQUAL(names(xs.at("b")), "2 3 ");
}

CAF_TEST(a record that was recreated unseen does not free what it named) {
  show("a", 1, record_of("a", 50, {1}, 2));
  show("b", 2, record_of("b", 50, {}, 2));
  auto xs = replay();
  lives("b");
  CAF_CHECK(want({{"a", {}}, {"b", {1}}}).empty());
  CAF_MESSAGE("it was removed and created, and the watch shows only the last state");
  show("a", 5, record_of("a2", 0, {}, 0));
  answer("a", conflict());
  auto x =
      only<reconciler::write>(answer("a", holds(5, to_text(record_of("a2", 0, {}, 0)))));
  CAF_CHECK_EQUAL(x.value.worker_nonce.value, "a");
  CAF_CHECK_EQUAL(names(x.value), "1 ");
  auto ys = take(std::get<reconciler::write>(xs[1]));
  CAF_CHECK(ys.empty());
  only<reconciler::sealed>(take(x));
  CAF_CHECK(lives("b").empty());
  CAF_MESSAGE("only the end of the one that it named does");
  beat y;
  y.nonce = {"a2"};
  y.replaces = {"a"};
  auto zs = take_all(beats_as("a", y));
  CAF_CHECK_EQUAL(names(zs.at("b")), "1 ");
}

CAF_TEST_FIXTURE_SCOPE_END()
