// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE store.memory_watch_faults

#include "memory_store_fixture.hpp"

/// Watches over lost and late deliveries, silence, and buckets that are made again.
using namespace partita;
using namespace partita::store;
using namespace partita::test;

CAF_TEST_FIXTURE_SCOPE(memory_watch_faults_tests, memory_store_fixture)

CAF_TEST(a lost delivery is missed at the next one and made good) {
  watch_observer w{sys};
  watch(w, bucket);
  w.heard();
  strike({.kind = fault_kind::delivery_lost, .times = 1});
  put(other, "a", "1");
  CAF_CHECK_EQUAL(w.news(), texts());
  put(other, "b", "2");
  CAF_CHECK_EQUAL(w.news(), texts({"restarted", "value a 1", "value b 2", "replayed"}));
}

CAF_TEST(a lost delivery is missed at the next heartbeat too) {
  watch_observer w{sys};
  watch(w, bucket);
  w.heard();
  strike({.kind = fault_kind::delivery_lost, .times = 1, .pattern = "a"});
  put(other, "a", "1");
  pass(100ms);
  CAF_CHECK_EQUAL(w.news(), texts({"restarted", "value a 1", "replayed"}));
}

CAF_TEST(late deliveries are late and in order) {
  watch_observer w{sys};
  watch(w, bucket);
  w.heard();
  strike({.kind = fault_kind::delivery_late, .delay = 60ms});
  put(other, "a", "1");
  pass(30ms);
  put(other, "a", "2");
  CAF_CHECK_EQUAL(w.news(), texts());
  pass(30ms);
  CAF_CHECK_EQUAL(w.news(), texts({"value a 1"}));
  pass(30ms);
  CAF_CHECK_EQUAL(w.news(), texts({"value a 2"}));
}

CAF_TEST(a silent watch is made again until the server sends something) {
  watch_observer w{sys};
  put(bucket, "a", "1");
  watch(w, bucket);
  w.heard();
  strike({.kind = fault_kind::silence});
  put(other, "a", "2");
  pass(200ms);
  CAF_CHECK_EQUAL(w.news(), texts());
  pass(5s);
  CAF_CHECK_EQUAL(w.news(), texts({"restarted"}));
  heal(fault_kind::silence);
  pass(5s);
  CAF_CHECK_EQUAL(w.news(), texts({"value a 2", "replayed"}));
}

CAF_TEST(a watch survives a broken link) {
  watch_observer w{sys};
  watch(w, bucket);
  put(bucket, "a", "1");
  w.heard();
  strike({.kind = fault_kind::link_down});
  CAF_CHECK_EQUAL(w.heard(), texts({"restarted"}));
  put(other, "a", "2");
  pass(10s);
  CAF_CHECK_EQUAL(w.heard(), texts());
  heal(fault_kind::link_down);
  CAF_CHECK_EQUAL(w.news(), texts({"value a 2", "replayed"}));
}

CAF_TEST(a watch that is made without a link begins when it is back) {
  strike({.kind = fault_kind::link_down});
  watch_observer w{sys};
  watch(w, bucket);
  pass(1s);
  CAF_CHECK_EQUAL(w.heard(), texts());
  heal(fault_kind::link_down);
  CAF_CHECK_EQUAL(w.heard(), texts({"replayed"}));
}

CAF_TEST(a bucket that is made again is a new incarnation for its watchers) {
  watch_observer w{sys};
  put(bucket, "a", "1");
  watch(w, bucket);
  w.heard();
  // Longer than creation times of one bucket may differ.
  pass(6s);
  answer_of<bool>(server, delete_bucket{"b"});
  open(other_store);
  put(other, "c", "1");
  pass(2s);
  CAF_CHECK_EQUAL(w.news(),
                  texts({"restarted", "bucket_changed", "value c 1", "replayed"}));
}

CAF_TEST(a power failure of the server is a new incarnation too) {
  watch_observer w{sys};
  put(bucket, "a", "1");
  put(bucket, "b", "2");
  watch(w, bucket);
  w.heard();
  answer_of<bool>(server, lose_writes{"b", {1}});
  strike({.kind = fault_kind::link_down});
  heal(fault_kind::link_down);
  CAF_CHECK_EQUAL(w.news(),
                  texts({"restarted", "bucket_changed", "value a 1", "replayed"}));
}

CAF_TEST(a watch asks the leader for a write of ours that its replay does not show) {
  auto brief = open(store, 200ms, "brief").bucket;
  put(brief, "a", "1");
  pass(200ms);
  watch_observer w{sys};
  watch(w, brief);
  CAF_CHECK_EQUAL(w.heard(), texts({"replayed"}));
}

CAF_TEST_FIXTURE_SCOPE_END()
