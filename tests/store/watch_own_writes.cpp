// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE store.watch_own_writes

#include "../support/store_feed_driver.hpp"

/// A watch shows what this process wrote before it says that its replay is complete.
using namespace partita;
using namespace partita::test;

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
