// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE actors.stream_source

#include "../../support/group_fixture.hpp"
#include "../../support/stub.hpp"

#include "partita/actors/sources/stream_source.hpp"

using namespace partita;
using namespace std::chrono_literals;

namespace {

/// A source over a memory store, and a listener.
struct fixture : test::group_fixture {
  struct heard {
    std::vector<partition_list> lists;
    std::vector<std::string> lacks;
  };

  test::faulty_client store = test::spawn_faulty_client(sys, server);
  partition_source_actor mine =
      spawn_stream_source(sys, caf::actor_cast<store_actor>(store.client),
                          {.stream = "S", .clock = worker_clock::of_actors()});
  std::vector<caf::actor> listeners;

  ~fixture() {
    for (const auto& x : listeners)
      anon_send_exit(x, caf::exit_reason::kill);
    anon_send_exit(mine, caf::exit_reason::kill);
    anon_send_exit(store.client, caf::exit_reason::kill);
    consume_messages();
  }

  std::shared_ptr<heard> listen() {
    auto result = std::make_shared<heard>();
    listeners.push_back(test::spawn_stub(
        sys, [result](const partition_list& x) { result->lists.push_back(x); },
        [result](const partitions_unavailable& x) { result->lacks.push_back(x.why); }));
    anon_send(mine, caf::actor_cast<partition_listener_actor>(listeners.back()));
    pass(50ms);
    return result;
  }

  void set(int partitions, std::int64_t created = 1) {
    stream_facts x;
    x.name = "S";
    x.created_at_ns = created;
    if (partitions > 0)
      x.transform = {"orders.*", "orders.{{partition(" + std::to_string(partitions)
                                     + ",1)}}.{{wildcard(1)}}"};
    anon_send(server, store::set_stream{x});
    pass(6s);
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(stream_source_tests, fixture)

CAF_TEST(a list follows the transform of the stream) {
  auto x = listen();
  CAF_REQUIRE_EQUAL(x->lacks.size(), 1u);
  CAF_CHECK(x->lacks[0].find("there is no stream 'S'") != std::string::npos);
  set(4);
  CAF_REQUIRE_EQUAL(x->lists.size(), 1u);
  CAF_CHECK_EQUAL(x->lists[0].partitions.size(), 4u);
  CAF_CHECK_EQUAL(name_of(x->lists[0].partitions[3]), "3");
  pass(60s);
  CAF_CHECK_EQUAL(x->lists.size(), 1u);
  set(8);
  CAF_REQUIRE_EQUAL(x->lists.size(), 2u);
  CAF_CHECK_EQUAL(x->lists[1].partitions.size(), 8u);
}

CAF_TEST(a stream that is made again or loses its transform makes the list unavailable) {
  set(4);
  auto x = listen();
  CAF_CHECK_EQUAL(x->lists.size(), 1u);
  set(0);
  CAF_CHECK_EQUAL(x->lacks.size(), 1u);
  set(4, 2);
  CAF_CHECK_EQUAL(x->lacks.size(), 2u);
  CAF_CHECK(x->lacks.back().find("made again") != std::string::npos);
  CAF_CHECK_EQUAL(x->lists.size(), 1u);
}

CAF_TEST(a short outage changes nothing and a long one is reported) {
  set(4);
  auto x = listen();
  anon_send(store.faults, test::client_fault{test::fault_kind::link_down});
  pass(9s);
  CAF_CHECK(x->lacks.empty());
  pass(10s);
  CAF_CHECK_EQUAL(x->lacks.size(), 1u);
  anon_send(store.faults, test::client_fault{test::fault_kind::link_down, {}, 0});
  pass(10s);
  CAF_CHECK_EQUAL(x->lists.size(), 2u);
}

CAF_TEST(without a listener it does not look) {
  set(4);
  auto x = listen();
  anon_send_exit(listeners[0], caf::exit_reason::kill);
  set(5);
  auto y = listen();
  CAF_CHECK_EQUAL(x->lists.size(), 1u);
  CAF_REQUIRE_EQUAL(y->lists.size(), 1u);
  CAF_CHECK_EQUAL(y->lists[0].partitions.size(), 5u);
}

CAF_TEST_FIXTURE_SCOPE_END()
