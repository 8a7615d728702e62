// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE store.watch_feed

#include "../support/store_feed_driver.hpp"

using namespace partita;
using namespace partita::test;

namespace {

/// The watcher was warned and a new consumer is wanted.
void check_rebuild(const feed_driver& x) {
  check_heard(x, {"restarted"});
  CAF_CHECK(!x.told.empty() && !x.told.back().event.why.empty());
  CAF_CHECK_EQUAL(x.rebuilds(), 1u);
}

} // namespace

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

// -- trouble ----------------------------------------------------------------------------

CAF_TEST(a gap leads to a rebuild and what came behind it is not passed on) {
  feed_driver x;
  x.live({value_of("a", 1)});
  ++x.sequence;
  x.deliver(value_of("a", 3));
  check_rebuild(x);
}

CAF_TEST(a delivery that comes twice is passed on once) {
  feed_driver x;
  x.live({value_of("a", 1)});
  x.deliver(value_of("a", 2));
  x.step(x.feed.delivered(x.attempt(), x.sequence, value_of("a", 2), x.now));
  check_heard(x, {"value a 2"});
  CAF_CHECK_EQUAL(x.rebuilds(), 0u);
}

CAF_TEST(a heartbeat that knows of more than came shows a gap) {
  feed_driver x;
  x.live({value_of("a", 1)});
  x.step(x.feed.heartbeat(x.attempt(), 1, x.now));
  check_heard(x, {"alive"});
  x.forget();
  x.step(x.feed.heartbeat(x.attempt(), 2, x.now));
  check_rebuild(x);
}

CAF_TEST(a silence of two and a half heartbeats leads to a rebuild) {
  feed_driver x;
  x.live();
  x.now += feed_driver::silence - 1ms;
  x.tick();
  CAF_CHECK_EQUAL(x.rebuilds(), 0u);
  x.now += 1ms;
  x.tick();
  check_rebuild(x);
}

CAF_TEST(heartbeats and deliveries break the silence) {
  feed_driver x;
  x.live();
  x.now += feed_driver::silence - 1ms;
  x.beat();
  x.now += feed_driver::silence - 1ms;
  x.deliver(value_of("a", 1));
  x.now += feed_driver::silence - 1ms;
  x.tick();
  CAF_CHECK_EQUAL(x.rebuilds(), 0u);
  x.now += 1ms;
  x.tick();
  CAF_CHECK_EQUAL(x.rebuilds(), 1u);
}

CAF_TEST(an attempt that is never answered is made again) {
  feed_driver x;
  x.join();
  x.forget();
  x.now += feed_driver::silence - 1ms;
  x.tick();
  CAF_CHECK_EQUAL(x.rebuilds(), 0u);
  x.now += 1ms;
  x.tick();
  check_rebuild(x);
  CAF_MESSAGE("the delayed one has more time, from when it begins");
  CAF_CHECK_EQUAL(x.attaches.back().delay, 50ms);
  x.forget();
  x.now += 50ms + feed_driver::silence + 50ms - 1ms;
  x.tick();
  CAF_CHECK_EQUAL(x.rebuilds(), 0u);
  x.now += 1ms;
  x.tick();
  CAF_CHECK_EQUAL(x.rebuilds(), 1u);
}

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

CAF_TEST(a failed consumer leads to a rebuild that says why) {
  feed_driver x;
  x.live();
  x.step(x.feed.failed(x.attempt(), "no such stream", x.now));
  check_rebuild(x);
  CAF_CHECK_EQUAL(x.told.back().event.why, "no such stream");
}

CAF_TEST(repeated failures back off up to two seconds and a good replay ends that) {
  feed_driver x;
  x.live();
  std::vector<std::chrono::milliseconds> delays;
  for (auto i = 0; i < 10; ++i) {
    x.step(x.feed.failed(x.attempt(), "no", x.now));
    delays.push_back(x.attaches.back().delay);
  }
  CAF_CHECK((delays
             == std::vector{0ms, 50ms, 100ms, 200ms, 400ms, 800ms, 1600ms, 2000ms, 2000ms,
                            2000ms}));
  CAF_MESSAGE("reported once, not ten times");
  check_heard(x, {"restarted"});
  x.attach();
  x.forget();
  x.step(x.feed.failed(x.attempt(), "no", x.now));
  check_rebuild(x);
  CAF_CHECK_EQUAL(x.attaches.back().delay, 0ms);
}

CAF_TEST(a lost link is reported at once and a new consumer waits for its return) {
  feed_driver x;
  x.live({value_of("a", 1)});
  x.step(x.feed.link_lost("cable", x.now));
  check_heard(x, {"restarted"});
  CAF_CHECK_EQUAL(x.told.back().event.why, "cable");
  x.now += 1h;
  x.tick();
  CAF_CHECK_EQUAL(x.rebuilds(), 0u);
  x.join(2);
  CAF_CHECK_EQUAL(x.rebuilds(), 0u);
  x.step(x.feed.link_back(x.now));
  CAF_CHECK_EQUAL(x.rebuilds(), 1u);
  x.replay({value_of("a", 1)});
  check_heard(x, {"restarted", "value a 1", "replayed"}, 1);
  check_heard(x, {"value a 1", "replayed"}, 2);
}

CAF_TEST(a reconnect rebuilds a feed that was not notified of the loss) {
  feed_driver x;
  x.live();
  x.step(x.feed.link_back(x.now));
  check_rebuild(x);
}

CAF_TEST(a watcher that joins without a link waits for it) {
  feed_driver x;
  x.step(x.feed.link_lost("cable", x.now));
  x.join();
  CAF_CHECK(x.attaches.empty());
  x.step(x.feed.link_back(x.now));
  CAF_CHECK_EQUAL(x.attaches.size(), 1u);
}

CAF_TEST(inputs of an older consumer are ignored) {
  feed_driver x;
  x.live({value_of("a", 1)});
  auto old = x.attempt();
  x.step(x.feed.failed(old, "no", x.now));
  x.forget();
  x.step(x.feed.failed(old, "no", x.now));
  x.step(x.feed.delivered(old, 2, value_of("a", 2), x.now));
  x.step(x.feed.heartbeat(old, 9, x.now));
  x.step(x.feed.attached(old, {2, {0}}, x.now));
  x.replay({value_of("a", 2)});
  x.step(x.feed.delivered(old, 2, value_of("a", 3), x.now));
  x.step(x.feed.heartbeat(old, 9, x.now));
  x.step(x.feed.confirmed(old, "a", no_revision(), x.now));
  check_heard(x, {"value a 2", "replayed"});
  CAF_CHECK_EQUAL(x.rebuilds(), 0u);
}

// -- fresh replays ----------------------------------------------------------------------

CAF_TEST(a rebuild shows everything again and reports what is gone before its mark) {
  feed_driver x;
  x.live({value_of("a", 1), value_of("b", 2), mark_of("c", 3)});
  x.step(x.feed.failed(x.attempt(), "no", x.now));
  x.replay({value_of("a", 1), value_of("d", 4)});
  check_heard(x, {"restarted", "value a 1", "value d 4", "removed b 0", "replayed"});
}

CAF_TEST(no key goes back over a rebuild) {
  feed_driver x;
  x.live({value_of("a", 5), value_of("b", 6)});
  x.step(x.feed.failed(x.attempt(), "no", x.now));
  x.forget();
  x.replay({value_of("a", 3), value_of("b", 6)});
  CAF_MESSAGE(
      "the newest that was shown stands for the old one, but the mark has to wait");
  check_heard(x, {"value a 5", "value b 6"});
  CAF_REQUIRE_EQUAL(x.confirms.size(), 1u);
  CAF_CHECK_EQUAL(x.confirms[0].key, "a");
  x.forget();
  x.confirm("a", found(value_of("a", 5)));
  CAF_CHECK_EQUAL(x.rebuilds(), 1u);
  CAF_MESSAGE("the watcher is in the same trouble still, and knows it");
  check_heard(x, {});
}

CAF_TEST(a key that was gone does not come back with an older revision) {
  feed_driver x;
  x.live({value_of("a", 5)});
  x.step(x.feed.failed(x.attempt(), "no", x.now));
  x.replay({}, {1, {5}});
  x.forget();
  x.deliver(value_of("a", 3));
  for (const auto& text : x.heard())
    CAF_CHECK_NOT_EQUAL(text, "value a 3");
  x.deliver(value_of("a", 5));
  auto heard = x.heard();
  CAF_CHECK_EQUAL(heard.back(), "value a 5");
}

// -- our own writes ---------------------------------------------------------------------

CAF_TEST(a mark waits for what this process wrote before) {
  feed_driver x;
  x.acknowledge("a", 3);
  x.join();
  x.attach(3);
  x.deliver(value_of("a", 3));
  check_heard(x, {"value a 3", "replayed"});
  CAF_CHECK(x.confirms.empty());
}

CAF_TEST(a later revision than that of our write will do) {
  feed_driver x;
  x.acknowledge("a", 3);
  x.join();
  x.replay({mark_of("a", 4)});
  check_heard(x, {"removed a 4", "replayed"});
}

CAF_TEST(our own key that is missing is confirmed by the leader) {
  feed_driver x;
  x.acknowledge("a", 3);
  x.join();
  x.replay({value_of("b", 4)});
  check_heard(x, {"value b 4"});
  CAF_REQUIRE_EQUAL(x.confirms.size(), 1u);
  CAF_CHECK_EQUAL(x.confirms[0].key, "a");
  x.confirm("a", no_revision());
  check_heard(x, {"value b 4", "replayed"});
  CAF_MESSAGE("the next replay does not ask again");
  x.step(x.feed.failed(x.attempt(), "no", x.now));
  x.forget();
  x.replay({value_of("b", 4)});
  check_heard(x, {"value b 4", "replayed"});
}

CAF_TEST(a replay without a key that the leader has is made again) {
  feed_driver x;
  x.acknowledge("a", 3);
  x.join();
  x.replay({}, {1, {3}});
  x.forget();
  x.confirm("a", found(value_of("a", 3)));
  check_rebuild(x);
  x.forget();
  x.replay({value_of("a", 3)});
  check_heard(x, {"value a 3", "replayed"});
}

CAF_TEST(a replay that shows less than our write is made again) {
  feed_driver x;
  x.acknowledge("a", 3);
  x.join();
  x.replay({value_of("a", 2)}, {1, {3}});
  check_heard(x, {"value a 2"});
  x.forget();
  x.confirm("a", found(value_of("a", 3)));
  check_rebuild(x);
}

CAF_TEST(a leader that cannot be asked leads to a rebuild) {
  feed_driver x;
  x.acknowledge("a", 3);
  x.join();
  x.replay({}, {1, {3}});
  x.forget();
  x.confirm("a", {read_status::unknown, {}, "no answer"});
  check_rebuild(x);
}

CAF_TEST(a leader that never answers leads to a rebuild) {
  feed_driver x;
  x.acknowledge("a", 3);
  x.join();
  x.replay({}, {1, {3}});
  x.forget();
  x.now += feed_driver::silence - 1ms;
  x.beat();
  x.tick();
  CAF_CHECK_EQUAL(x.rebuilds(), 0u);
  x.now += 1ms;
  x.tick();
  check_rebuild(x);
}

CAF_TEST(a write that is acknowledged while the consumer is made comes as a change) {
  feed_driver x;
  x.join();
  x.acknowledge("a", 3);
  x.attach(2, {1, {3}});
  x.deliver(value_of("a", 2));
  check_heard(x, {"value a 2"});
  CAF_REQUIRE_EQUAL(x.confirms.size(), 1u);
  x.confirm("a", found(value_of("a", 3)));
  CAF_CHECK_EQUAL(x.rebuilds(), 1u);
  x.deliver(value_of("a", 3));
  check_heard(x, {"value a 2", "value a 3", "replayed"});
  CAF_CHECK_EQUAL(x.rebuilds(), 1u);
}

CAF_TEST(a watcher that joins a live feed waits for our write too) {
  feed_driver x;
  x.live({value_of("a", 1)});
  x.acknowledge("a", 2);
  x.join(2);
  check_heard(x, {"value a 1"}, 2);
  x.acknowledge("b", 3);
  x.deliver(value_of("a", 2));
  check_heard(x, {"value a 1", "value a 2"}, 2);
  x.deliver(value_of("b", 3));
  check_heard(x, {"value a 1", "value a 2", "value b 3", "replayed"}, 2);
  check_heard(x, {"value a 2", "value b 3"}, 1);
}

CAF_TEST(a write that is acknowledged but never shown leads to a rebuild) {
  feed_driver x;
  x.live({value_of("a", 1)});
  x.acknowledge("a", 2);
  x.join(2);
  x.forget();
  x.now += feed_driver::silence - 1ms;
  x.beat();
  x.tick();
  CAF_CHECK_EQUAL(x.rebuilds(), 0u);
  x.now += 1ms;
  x.tick();
  CAF_CHECK_EQUAL(x.rebuilds(), 1u);
}

CAF_TEST(a live consumer that does not follow our writes is made again in spite of
             heartbeats) {
  feed_driver x;
  x.live({value_of("a", 1)});
  x.forget();
  std::uint64_t last = 1;
  for (auto passed = 0ms; passed < feed_driver::silence; passed += 100ms) {
    CAF_CHECK_EQUAL(x.rebuilds(), 0u);
    x.acknowledge("a", ++last);
    x.now += 100ms;
    x.beat();
    x.tick();
  }
  CAF_CHECK_EQUAL(x.rebuilds(), 1u);
}

CAF_TEST(a live consumer that follows our writes late is kept) {
  feed_driver x;
  x.live({value_of("a", 1)});
  std::uint64_t last = 1;
  for (int i = 0; i < 100; ++i) {
    x.acknowledge("a", ++last);
    x.now += 100ms;
    if (last > 3)
      x.deliver(value_of("a", last - 2));
    x.tick();
  }
  CAF_CHECK_EQUAL(x.rebuilds(), 0u);
}

CAF_TEST(writes to other keys are of no interest) {
  feed_driver x{"a.*"};
  x.acknowledge("b.c", 9);
  x.join();
  x.attach();
  check_heard(x, {"replayed"});
}

CAF_TEST(a key that was written again while the leader was asked is waited for) {
  feed_driver x;
  x.acknowledge("a", 3);
  x.join();
  x.replay({}, {1, {3}});
  x.acknowledge("a", 4);
  x.confirm("a", no_revision());
  check_heard(x, {});
  x.deliver(value_of("a", 4));
  check_heard(x, {"value a 4", "replayed"});
}
