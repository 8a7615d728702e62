// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE store.memory_request_faults

#include "memory_store_fixture.hpp"

/// Writes and reads that get lost or late, and a link that is down.
using namespace partita;
using namespace partita::store;
using namespace partita::test;

CAF_TEST_FIXTURE_SCOPE(memory_request_faults_tests, memory_store_fixture)

CAF_TEST(a write whose answer is lost is done and unknown) {
  strike({.kind = fault_kind::answer_lost, .times = 1});
  auto handle = send(bucket, kv_create{"a", "1"});
  pass(490ms);
  CAF_CHECK(!answered());
  CAF_CHECK_EQUAL(last(other, "a").entry.value, "1");
  pass(10ms);
  auto lost = take<kv_written>(handle);
  CAF_CHECK_EQUAL(lost.status, write_status::unknown);
  CAF_CHECK(!lost.why.empty());
  CAF_CHECK_EQUAL(answer_of<kv_written>(bucket, kv_create{"a", "1"}).status,
                  write_status::conflict);
}

CAF_TEST(a late write is unknown and happens all the same) {
  strike({.kind = fault_kind::write_late, .times = 1, .delay = 2s});
  auto handle = send(bucket, kv_put{"a", "late"});
  pass(500ms);
  CAF_CHECK_EQUAL(take<kv_written>(handle).status, write_status::unknown);
  CAF_CHECK_EQUAL(last(other, "a").status, read_status::missing);
  pass(1490ms);
  CAF_CHECK_EQUAL(last(other, "a").status, read_status::missing);
  pass(10ms);
  CAF_CHECK_EQUAL(last(other, "a").entry.value, "late");
}

CAF_TEST(a write that is a little late is done) {
  strike({.kind = fault_kind::write_late, .times = 1, .delay = 100ms});
  auto handle = send(bucket, kv_put{"a", "late"});
  pass(100ms);
  CAF_CHECK_EQUAL(take<kv_written>(handle).status, write_status::done);
}

CAF_TEST(without a link nothing is sent and all is answered at once) {
  strike({.kind = fault_kind::link_down});
  CAF_CHECK_EQUAL(put(bucket, "a", "1").status, write_status::not_connected);
  CAF_CHECK_EQUAL(last(bucket, "a").status, read_status::not_connected);
  CAF_CHECK_EQUAL(answer_of<kv_identity>(bucket, kv_identify{}).status,
                  read_status::not_connected);
  CAF_CHECK_EQUAL(open(store).status, open_status::not_connected);
  heal(fault_kind::link_down);
  pass(10s);
  CAF_CHECK_EQUAL(last(bucket, "a").status, read_status::missing);
  CAF_CHECK_EQUAL(put(bucket, "a", "1").status, write_status::done);
}

CAF_TEST(a write that is under way when the link breaks is unknown at once) {
  strike({.kind = fault_kind::write_late, .times = 1, .delay = 200ms});
  auto handle = send(bucket, kv_put{"a", "1"});
  CAF_CHECK(!answered());
  strike({.kind = fault_kind::link_down});
  CAF_CHECK_EQUAL(take<kv_written>(handle).status, write_status::unknown);
  pass(200ms);
  CAF_CHECK_EQUAL(last(other, "a").entry.value, "1");
}

CAF_TEST(listeners are notified of the link) {
  caf::scoped_actor listener{sys};
  texts heard;
  auto listen = [&] {
    while (has_mail(listener))
      listener->receive(
          [&](const link_changed& x) { heard.push_back(to_string(x.state)); });
  };
  give(store, test::handle_of<link_listener_actor>(listener));
  listen();
  CAF_CHECK_EQUAL(heard, texts({"connected"}));
  strike({.kind = fault_kind::link_down});
  strike({.kind = fault_kind::link_down});
  heal(fault_kind::link_down);
  listen();
  CAF_CHECK_EQUAL(heard, texts({"connected", "disconnected", "connected"}));
}

CAF_TEST(closing waits for what is under way) {
  strike({.kind = fault_kind::answer_lost, .times = 1});
  auto write = send(bucket, kv_put{"a", "1"});
  auto closing = send(store, close_store{});
  CAF_CHECK(!answered());
  pass(500ms);
  CAF_CHECK_EQUAL(take<kv_written>(write).status, write_status::unknown);
  take<store_closed>(closing);
  CAF_CHECK_EQUAL(put(bucket, "a", "2").status, write_status::not_connected);
}

CAF_TEST_FIXTURE_SCOPE_END()
