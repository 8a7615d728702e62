// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE store.watch_lives

#include "../support/store_feed_driver.hpp"

/// A bucket that was recreated, or lost writes, and how a feed finds out.
using namespace partita;
using namespace partita::test;

CAF_TEST(another creation time and the absence of a known key are a new incarnation) {
  feed_driver x;
  x.live({value_of("a", 5), value_of("b", 6)});
  x.step(x.feed.failed(x.attempt(), "no", x.now));
  x.forget();
  x.replay({value_of("a", 8), value_of("c", 9)}, {2, {9}});
  CAF_CHECK_EQUAL(x.told.back().event.change, watch_change::bucket_changed);
  CAF_CHECK_NOT_EQUAL(x.told.back().event.why.find("'b' is gone"), std::string::npos);
  CAF_CHECK_EQUAL(x.rebuilds(), 1u);
  x.forget();
  x.replay({value_of("a", 8), value_of("c", 9)}, {2, {9}});
  check_heard(x, {"value a 8", "value c 9", "replayed"});
}

CAF_TEST(so are another creation time and the absence of what we wrote) {
  feed_driver x;
  x.live({value_of("a", 5)});
  x.acknowledge("b", 6);
  x.step(x.feed.failed(x.attempt(), "no", x.now));
  x.replay({value_of("a", 8)}, {2, {8}});
  x.forget();
  x.confirm("b", no_revision());
  check_heard(x, {"bucket_changed"});
}

CAF_TEST(where entries expire the absence of a key proves nothing) {
  feed_driver x;
  x.live({value_of("a", 5), value_of("b", 6)});
  x.acknowledge("c", 7);
  x.step(x.feed.failed(x.attempt(), "no", x.now));
  x.forget();
  x.replay({value_of("a", 8)}, {2, {8}, true});
  x.confirm("c", no_revision());
  check_heard(x, {"value a 8", "removed b 0", "replayed"});
}

CAF_TEST(another creation time alone proves nothing) {
  feed_driver x;
  x.live({value_of("a", 5), value_of("b", 6)});
  x.step(x.feed.failed(x.attempt(), "no", x.now));
  x.forget();
  x.replay({value_of("a", 5), value_of("b", 7)}, {2, {7}});
  check_heard(x, {"value a 5", "value b 7", "replayed"});
  CAF_CHECK_EQUAL(x.told.back().event.bucket.created_at_ns, 2);
  CAF_MESSAGE("and a key that goes later goes");
  x.step(x.feed.failed(x.attempt(), "no", x.now));
  x.forget();
  x.replay({value_of("b", 7)}, {2, {7}});
  check_heard(x, {"value b 7", "removed a 0", "replayed"});
}

CAF_TEST(a creation time that no race explains is a new incarnation at once) {
  feed_driver x;
  x.live({value_of("a", 5)});
  x.step(x.feed.failed(x.attempt(), "no", x.now));
  x.forget();
  x.replay({value_of("a", 9)}, {5'000'000'002, {9}});
  check_heard(x, {"bucket_changed", "value a 9", "replayed"});
}

CAF_TEST(a bucket that begins from its first revision again is a new incarnation) {
  feed_driver x;
  x.live({value_of("a", 5), value_of("b", 6)});
  x.acknowledge("a", 7);
  x.step(x.feed.failed(x.attempt(), "no", x.now));
  x.forget();
  x.replay({value_of("a", 1)}, {2, {1}});
  check_heard(x, {"bucket_changed", "value a 1", "replayed"});
  CAF_CHECK_EQUAL(x.told[0].event.bucket.created_at_ns, 2);
  CAF_CHECK(!x.told[0].event.why.empty());
  CAF_CHECK_EQUAL(x.told[2].event.bucket.last.value, 1u);
  CAF_CHECK(x.confirms.empty());
}

CAF_TEST(another content at a revision that was shown is a new incarnation) {
  feed_driver x;
  x.live({value_of("a", 5, "old"), value_of("b", 6)});
  x.step(x.feed.failed(x.attempt(), "no", x.now));
  x.forget();
  CAF_MESSAGE("writes were lost, and as many made since");
  x.replay({value_of("a", 5, "new")}, {1, {6}});
  check_heard(x, {"bucket_changed"});
  CAF_CHECK(x.told[0].event.why.find("revision 5 of 'a'") != std::string::npos);
  x.replay({value_of("a", 5, "new"), value_of("b", 6)}, {1, {6}});
  check_heard(x, {"bucket_changed", "value a 5", "value b 6", "replayed"});
}

CAF_TEST(another content at a revision of a change is a new incarnation as well) {
  feed_driver x;
  x.live({value_of("a", 5, "old")});
  x.forget();
  x.deliver(mark_of("a", 5));
  check_heard(x, {"bucket_changed"});
  CAF_CHECK_EQUAL(x.rebuilds(), 1u);
}

CAF_TEST(a last revision below one seen before is a new incarnation) {
  feed_driver x;
  x.live({value_of("a", 5)});
  x.step(x.feed.failed(x.attempt(), "no", x.now));
  x.forget();
  x.replay({value_of("a", 5)}, {1, {5}});
  check_heard(x, {"value a 5", "replayed"});
  x.step(x.feed.failed(x.attempt(), "no", x.now));
  x.forget();
  x.replay({value_of("a", 4)}, {1, {4}});
  check_heard(x, {"bucket_changed", "value a 4", "replayed"});
}

CAF_TEST(an acknowledged revision counts as seen) {
  feed_driver x;
  x.live({value_of("a", 5)});
  x.acknowledge("b", 9);
  x.step(x.feed.failed(x.attempt(), "no", x.now));
  x.forget();
  x.replay({value_of("a", 5)}, {1, {8}});
  check_heard(x, {"bucket_changed", "value a 5", "replayed"});
}

CAF_TEST(a write below what was shown of its key may show a new incarnation) {
  feed_driver x;
  x.live({value_of("a", 5), value_of("b", 6)});
  x.acknowledge("a", 3);
  CAF_REQUIRE_EQUAL(x.confirms.size(), 1u);
  x.confirm("a", found(value_of("a", 3)));
  check_heard(x, {"bucket_changed"});
  CAF_CHECK_EQUAL(
      x.told.back().event.why,
      "the bucket lost acknowledged writes: 'a' is at revision 3, it was at 5");
  CAF_CHECK_EQUAL(x.rebuilds(), 1u);
}

CAF_TEST(a write below what was shown proves nothing where a later one was faster) {
  feed_driver x;
  x.live({value_of("a", 5), value_of("b", 6)});
  x.acknowledge("a", 3);
  x.confirm("a", found(value_of("a", 5)));
  for (int i = 0; i < 20; ++i) {
    x.now += 500ms;
    x.beat();
    x.tick();
  }
  CAF_CHECK_EQUAL(x.rebuilds(), 0u);
  CAF_CHECK(std::none_of(x.told.begin(), x.told.end(), [](const auto& y) {
    return y.event.change != watch_change::alive;
  }));
}

CAF_TEST(a write that is acknowledged after the bucket was asked is no new incarnation) {
  feed_driver x;
  x.live({value_of("a", 5)});
  x.step(x.feed.failed(x.attempt(), "no", x.now));
  x.forget();
  x.acknowledge("a", 6);
  x.attach(6, {1, {5}});
  x.deliver(value_of("a", 5));
  x.deliver(value_of("a", 6));
  check_heard(x, {"value a 5", "value a 6", "replayed"});
}

CAF_TEST(a leader that has only an older revision shows a new incarnation) {
  feed_driver x;
  x.live({value_of("a", 5), value_of("b", 6)});
  x.step(x.feed.failed(x.attempt(), "no", x.now));
  x.forget();
  x.replay({value_of("a", 4), value_of("c", 7)}, {1, {7}});
  x.forget();
  x.confirm("a", found(value_of("a", 4)));
  check_heard(x, {"bucket_changed"});
  CAF_CHECK_EQUAL(x.rebuilds(), 1u);
  x.forget();
  x.replay({value_of("a", 4), value_of("c", 7)});
  check_heard(x, {"value a 4", "value c 7", "replayed"});
}
