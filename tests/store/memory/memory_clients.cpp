// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE store.memory_clients

#include "memory_store_fixture.hpp"

/// Values and watches on the actor clock.
using namespace partita;
using namespace partita::store;
using namespace partita::test;

CAF_TEST_FIXTURE_SCOPE(memory_clients_tests, memory_store_fixture)

CAF_TEST(a value expires on the actor clock) {
  auto brief = open(store, 200ms, "brief").bucket;
  put(brief, "a", "1");
  pass(190ms);
  CAF_CHECK_EQUAL(last(brief, "a").status, read_status::found);
  pass(10ms);
  CAF_CHECK_EQUAL(last(brief, "a").status, read_status::missing);
}

CAF_TEST(a store without a watch has no timer) {
  auto plain = spawn_memory_client(sys, server, {500ms, 100ms});
  pass(500ms);
  put(open(plain).bucket, "a", "1");
  CAF_CHECK(!sched.clock().has_pending_timeout());
}

CAF_TEST(a watch lives by heartbeats and its timers end with its watcher) {
  {
    watch_observer w{sys};
    watch(w, bucket);
    CAF_CHECK_EQUAL(w.heard(), texts({"replayed"}));
    pass(1s);
    CAF_CHECK_EQUAL(w.heard(), texts(10, "alive"));
  }
  consume_messages();
  pass(110ms);
  CAF_CHECK(!sched.clock().has_pending_timeout());
}

CAF_TEST(a watch does not keep a client alive for ever) {
  watch_observer w{sys};
  watch(w, bucket);
  CAF_MESSAGE("the bucket lives while it is watched");
  bucket = nullptr;
  store = nullptr;
  consume_messages();
  w.heard();
  put(other, "a", "1");
  pass(10ms);
  CAF_CHECK_EQUAL(w.news(), texts({"value a 1"}));
}

CAF_TEST(two watches of one pattern share a consumer) {
  watch_observer one{sys};
  watch_observer two{sys};
  watch(one, bucket);
  put(bucket, "a", "1");
  one.heard();
  watch(two, bucket);
  CAF_CHECK_EQUAL(one.heard(), texts());
  CAF_CHECK_EQUAL(two.heard(), texts({"value a 1", "replayed"}));
  give(bucket, kv_unwatch{1}, one.handle());
  put(bucket, "a", "2");
  CAF_CHECK_EQUAL(one.heard(), texts());
  CAF_CHECK_EQUAL(two.heard(), texts({"value a 2"}));
}

CAF_TEST(a pattern that is none is answered with why) {
  watch_observer w{sys};
  watch(w, bucket, "a b");
  CAF_CHECK_EQUAL(w.heard(), texts({"restarted"}));
  CAF_CHECK_NOT_EQUAL(w.why.find("'a b'"), std::string::npos);
}

CAF_TEST_FIXTURE_SCOPE_END()
