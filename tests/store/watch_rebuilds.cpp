// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE store.watch_rebuilds

#include "../support/store_feed_driver.hpp"

/// A consumer that failed, fell silent or missed something, and the one after it.
using namespace partita;
using namespace partita::test;

// -- when a consumer is made again ------------------------------------------------------

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

// -- what its replay shows --------------------------------------------------------------

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
