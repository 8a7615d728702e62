// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE actors.bucket_source

#include "../../support/group_fixture.hpp"
#include "../../support/stub.hpp"

#include "partita/actors/sources/bucket_source.hpp"

using namespace partita;
using namespace std::chrono_literals;

namespace {

constexpr const char* name = "g-partitions";

/// A source over a memory store, a listener, and an operator.
struct fixture : test::group_fixture {
  struct heard {
    std::vector<partition_list> lists;
    std::vector<std::string> lacks;
  };

  test::faulty_client store = test::spawn_faulty_client(sys, server);
  partition_source_actor mine =
      spawn_bucket_source(sys, caf::actor_cast<store_actor>(store.client),
                          {.bucket = name, .clock = worker_clock::of_actors()});
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

  void end(std::size_t listener) {
    anon_send_exit(listeners[listener], caf::exit_reason::kill);
    pass(50ms);
  }

  void put(const std::string& key, const std::string& value) {
    caf::scoped_actor asker{sys};
    asker->send(bucket(name), kv_put{"p." + key, value});
    pass(1s);
  }

  void put(const std::string& key) { put(key, R"({"weight":100})"); }

  void remove(const std::string& key, std::uint64_t at) {
    caf::scoped_actor asker{sys};
    asker->send(bucket(name), kv_remove{"p." + key, {at}});
    pass(1s);
  }

  void delete_it() {
    anon_send(server, store::delete_bucket{name});
    // Until the watch has noticed and made it again.
    pass(30s);
  }

  static std::string names(const partition_list& x) {
    std::string result;
    for (const auto& y : x.partitions)
      result += name_of(y) + ' ';
    return result;
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(bucket_source_tests, fixture)

CAF_TEST(a bucket that is missing is made and is no empty list) {
  auto x = listen();
  CAF_CHECK(x->lists.empty());
  CAF_REQUIRE_EQUAL(x->lacks.size(), 1u);
  CAF_CHECK(x->lacks[0].find("g-partitions holds no partition") != std::string::npos);
  put("a");
  CAF_REQUIRE_EQUAL(x->lists.size(), 1u);
  CAF_CHECK_EQUAL(names(x->lists[0]), "a ");
}

CAF_TEST(every change is reported once to each listener) {
  auto x = listen();
  put("a");
  put("b");
  auto y = listen();
  CAF_REQUIRE_EQUAL(y->lists.size(), 1u);
  CAF_CHECK_EQUAL(names(y->lists[0]), "a b ");
  remove("a", 1);
  CAF_CHECK_EQUAL(x->lists.size(), 3u);
  CAF_CHECK_EQUAL(names(x->lists.back()), "b ");
  CAF_CHECK(x->lists.back() == y->lists.back());
  pass(60s);
  CAF_CHECK_EQUAL(x->lists.size(), 3u);
}

CAF_TEST(an entry that cannot be read keeps its value and is reported) {
  auto x = listen();
  put("a");
  put("a", "nonsense");
  CAF_REQUIRE_EQUAL(x->lists.size(), 2u);
  CAF_CHECK_EQUAL(names(x->lists[1]), "a ");
  CAF_CHECK(x->lists[1].trouble.find("'p.a'") != std::string::npos);
}

CAF_TEST(a bucket that was deleted leaves the last list in force) {
  auto x = listen();
  put("a");
  delete_it();
  CAF_CHECK_EQUAL(x->lists.size(), 1u);
  CAF_REQUIRE(!x->lacks.empty());
  CAF_MESSAGE(x->lacks.back());
  CAF_CHECK(x->lacks.back().find("made again") != std::string::npos);
  put("b");
  CAF_REQUIRE_EQUAL(x->lists.size(), 2u);
  CAF_CHECK_EQUAL(names(x->lists[1]), "b ");
  CAF_CHECK_EQUAL(x->lists[1].trouble, "");
}

CAF_TEST(a listener that comes after all others have gone receives the present list) {
  listen();
  put("a");
  end(0);
  CAF_MESSAGE("there is no listener and no watch: nothing is due");
  auto before = sched.clock().now();
  put("b");
  CAF_CHECK(sched.clock().now() > before);
  auto y = listen();
  CAF_REQUIRE_EQUAL(y->lists.size(), 1u);
  CAF_CHECK_EQUAL(names(y->lists[0]), "a b ");
}

CAF_TEST(a store that cannot be reached is reported and tried again) {
  test::client_fault cut;
  cut.kind = test::fault_kind::link_down;
  anon_send(store.faults, cut);
  consume_messages();
  auto x = listen();
  pass(2s);
  CAF_REQUIRE_EQUAL(x->lacks.size(), 1u);
  CAF_CHECK(x->lacks[0].find("cannot be opened") != std::string::npos);
  cut.times = 0;
  anon_send(store.faults, cut);
  pass(15s);
  put("a");
  CAF_REQUIRE(!x->lists.empty());
  CAF_CHECK_EQUAL(names(x->lists.back()), "a ");
}

CAF_TEST_FIXTURE_SCOPE_END()
