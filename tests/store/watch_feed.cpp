// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE store.watch_feed

#include "../support/store_feed_driver.hpp"

using namespace partita;
using namespace partita::test;

// -- replays and changes ----------------------------------------------------------------

CAF_TEST(the first watcher makes a consumer and the last one ends it) {
  feed_driver x;
  CAF_CHECK(!x.feed.watched());
  x.join(1);
  x.join(2);
  CAF_CHECK_EQUAL(x.attaches.size(), 1u);
  CAF_CHECK_EQUAL(x.attaches[0].delay, 0ms);
  x.step(x.feed.leave(1));
  CAF_CHECK_EQUAL(x.detaches, 0);
  x.step(x.feed.leave(2));
  x.step(x.feed.leave(2));
  CAF_CHECK_EQUAL(x.detaches, 1);
  CAF_CHECK(!x.feed.watched());
  x.now += 1h;
  x.tick();
  CAF_CHECK(x.told.empty());
  x.join(3);
  CAF_CHECK_EQUAL(x.attaches.size(), 2u);
  CAF_CHECK_EQUAL(x.attaches[1].delay, 0ms);
}

CAF_TEST(a replay shows all values and then its mark) {
  feed_driver x;
  x.join();
  x.replay({value_of("b", 1), mark_of("c", 2), value_of("a", 3)}, {7, {5}});
  check_heard(x, {"value b 1", "removed c 2", "value a 3", "replayed"});
  CAF_CHECK_EQUAL(x.told.back().event.bucket.created_at_ns, 7);
  CAF_CHECK_EQUAL(x.told.back().event.bucket.last.value, 5u);
  CAF_CHECK(x.told.back().event.at == x.now);
}

CAF_TEST(an empty bucket has a mark too) {
  feed_driver x;
  x.join();
  x.attach();
  check_heard(x, {"replayed"});
}

CAF_TEST(a delete mark is an event and the mark is not the end) {
  feed_driver x;
  x.live({value_of("a", 1)});
  x.deliver(mark_of("a", 2));
  x.deliver(value_of("a", 3));
  check_heard(x, {"removed a 2", "value a 3"});
}

CAF_TEST(deliveries that overtake the answer are kept for it) {
  feed_driver x;
  x.join();
  x.deliver(value_of("a", 1));
  x.deliver(value_of("b", 2));
  CAF_CHECK(x.told.empty());
  x.newest = 2;
  x.step(x.feed.attached(x.attempt(), {1, {2}}, x.now));
  check_heard(x, {"value a 1", "value b 2", "replayed"});
}

CAF_TEST(a second watcher gets a replay of its own and the first receives nothing) {
  feed_driver x;
  x.live({value_of("a", 1), mark_of("b", 2)});
  x.deliver(value_of("c", 3));
  x.forget();
  x.join(2);
  check_heard(x, {});
  check_heard(x, {"value a 1", "removed b 2", "value c 3", "replayed"}, 2);
  x.forget();
  x.deliver(value_of("a", 4));
  check_heard(x, {"value a 4"});
  check_heard(x, {"value a 4"}, 2);
}

CAF_TEST(a watcher that joins in the middle of a replay receives all of it) {
  feed_driver x;
  x.join(1);
  x.attach(2);
  x.deliver(value_of("a", 1));
  x.join(2);
  x.deliver(value_of("b", 2));
  check_heard(x, {"value a 1", "value b 2", "replayed"}, 1);
  check_heard(x, {"value a 1", "value b 2", "replayed"}, 2);
}

CAF_TEST(signs of life go to all watchers that want them) {
  feed_driver x;
  x.live();
  x.join(2);
  x.join(3, false);
  x.forget();
  x.now += 100ms;
  x.beat();
  check_heard(x, {"alive"}, 1);
  check_heard(x, {"alive"}, 2);
  check_heard(x, {}, 3);
  CAF_CHECK(x.told[0].event.at == x.now);
}

// -- the end of a replay ----------------------------------------------------------------

CAF_TEST(a key that is overwritten while the replay passes it holds up the mark) {
  feed_driver x;
  x.join();
  x.attach(3, {1, {3}});
  x.deliver(value_of("a", 1));
  x.newest = 5; // b, which was at 2
  x.deliver(value_of("c", 3));
  x.deliver(value_of("d", 4));
  check_heard(x, {"value a 1", "value c 3", "value d 4"});
  x.deliver(value_of("b", 5));
  check_heard(x, {"value a 1", "value c 3", "value d 4", "value b 5", "replayed"});
}

CAF_TEST(a bucket that is written to all the time is shown after a second all the same) {
  feed_driver x;
  x.join();
  x.attach(1);
  for (std::uint64_t i = 1; i <= 8; ++i) {
    x.newest = i + 1;
    x.deliver(value_of("a", i));
    x.now += 125ms;
  }
  CAF_CHECK_EQUAL(x.told.back().event.change, watch_change::value);
  x.newest = 10;
  x.deliver(value_of("a", 9));
  CAF_CHECK_EQUAL(x.told.back().event.change, watch_change::replayed);
  CAF_CHECK_EQUAL(x.rebuilds(), 1u);
}

CAF_TEST(an end that expired before it came is looked for again after a second) {
  feed_driver x{">", 1000ms};
  x.join();
  x.attach(2);
  x.deliver(value_of("a", 1));
  x.newest = 1;
  x.now += 999ms;
  x.tick();
  CAF_CHECK_EQUAL(x.told.back().event.change, watch_change::value);
  x.now += 1ms;
  x.tick();
  CAF_CHECK_EQUAL(x.told.back().event.change, watch_change::replayed);
}

CAF_TEST(an end that was found before the last delivery proves nothing) {
  feed_driver x;
  x.join();
  x.attach(9);
  x.newest.reset();
  x.deliver(value_of("a", 9));
  CAF_REQUIRE(!x.ends.empty());
  x.find_end(10);
  CAF_CHECK_EQUAL(x.told.back().event.change, watch_change::value);
  x.deliver(value_of("b", 10));
  CAF_REQUIRE(!x.ends.empty());
  x.find_end(10);
  CAF_CHECK_EQUAL(x.told.back().event.change, watch_change::replayed);
}

CAF_TEST(a replay without an end that can be known is made again) {
  feed_driver x;
  x.join();
  x.attach(2);
  x.newest.reset();
  x.deliver(value_of("a", 2));
  x.forget();
  CAF_REQUIRE_EQUAL(x.ends.size(), 1u);
  kv_read nothing;
  nothing.why = "no leader";
  x.step(x.feed.end_found(x.ends.front(), nothing, x.now));
  check_rebuild(x);
  CAF_CHECK_EQUAL(x.told.back().event.why,
                  "the end of the replay is not known: no leader");
}

CAF_TEST(a replay that gets stuck is made again in spite of heartbeats) {
  feed_driver x;
  x.join();
  x.attach(2);
  x.deliver(value_of("a", 1));
  x.forget();
  x.now += 200ms;
  x.beat();
  x.now += 49ms;
  x.tick();
  CAF_CHECK_EQUAL(x.rebuilds(), 0u);
  x.now += 1ms;
  x.tick();
  check_rebuild(x);
}
