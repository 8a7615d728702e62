// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE actors.consumers

#include "../support/memory/memory_streams.hpp"
#include "work_fixture.hpp"

#include "../support/stub.hpp"

#include "partita/actors/consumers.hpp"
#include "partita/messages/consuming.hpp"

using namespace partita;
using namespace std::chrono_literals;

namespace {

stream_facts a_stream() {
  stream_facts result;
  result.name = "S";
  result.created_at_ns = 7'000;
  result.last_sequence = 100;
  return result;
}

/// Consumers over a memory store; the test is their worker and one listener.
struct fixture : test::group_fixture {
  struct heard {
    std::vector<consumers_given> given;
    std::vector<partitions_assigned> assigned;
    std::vector<partitions_revoked> revoked;
    std::vector<partitions_lost> lost;
    std::vector<alert_raised> alerts;
    std::vector<caf::typed_response_promise<work_stopped>> owed;
    bool quick = true;
  };

  std::shared_ptr<heard> app = std::make_shared<heard>();
  test::faulty_client store = test::spawn_faulty_client(sys, server);
  caf::actor listener = sys.spawn([app = app](caf::event_based_actor* me) {
    auto stop = [me, app]() -> caf::result<work_stopped> {
      if (app->quick)
        return work_stopped{};
      app->owed.push_back(me->make_response_promise<work_stopped>());
      return app->owed.back();
    };
    return caf::behavior{
        [=](const consumers_given& x) { app->given.push_back(x); },
        [=](const partitions_assigned& x) { app->assigned.push_back(x); },
        [=](const partitions_revoked& x) {
          app->revoked.push_back(x);
          return stop();
        },
        [=](const partitions_lost& x) {
          app->lost.push_back(x);
          return stop();
        },
        [=](const alert_raised& x) { app->alerts.push_back(x); },
        [=](caf::flush_atom) {
          for (auto& x : std::exchange(app->owed, {}))
            x.deliver(work_stopped{});
        }};
  });
  consumers_actor mine;
  int stopped = 0;

  fixture() {
    anon_send(server, store::set_stream{a_stream()});
    consumers_options options;
    options.consumption = {"g", {}, "S", {}, 100ms, 5s};
    options.consumption.consumer.filter = "orders.{partition}.>";
    options.claims = "g-claims";
    options.clock = worker_clock::of_actors();
    mine = spawn_consumers(sys, std::move(options),
                           caf::actor_cast<store_actor>(store.client),
                           {caf::actor_cast<listener_actor>(listener)});
    pass(50ms);
  }

  ~fixture() {
    anon_send_exit(mine, caf::exit_reason::kill);
    anon_send_exit(listener, caf::exit_reason::kill);
    anon_send_exit(store.client, caf::exit_reason::kill);
    consume_messages();
  }

  static std::vector<grant> grants(std::vector<std::string> names, std::uint64_t token) {
    std::vector<grant> result;
    for (auto& x : names)
      result.push_back({{{std::move(x)}}, {token}});
    return result;
  }

  void assign(std::vector<std::string> names, std::uint64_t token) {
    anon_send(mine, partitions_assigned{{"worker-0"}, {}, grants(names, token), true});
    pass(2s);
  }

  template <class Order>
  void stop(Order what) {
    auto asker = sys.spawn([this, what](caf::event_based_actor* me) {
      me->request(mine, caf::infinite, what).then([this](work_stopped) { ++stopped; });
    });
    pass(2s);
  }
  void revoke(std::vector<std::string> names, std::uint64_t token) {
    stop(partitions_revoked{{"worker-0"}, grants(names, token), 15s});
  }
  void lose(std::vector<std::string> names, std::uint64_t token) {
    stop(partitions_lost{{"worker-0"}, grants(names, token), "over", 1s});
  }

  std::vector<std::string> consumers() {
    std::vector<std::string> result;
    for (std::size_t offset = 0;; offset = result.size()) {
      auto got = ask<consumer_names>(consumer_list{"S", offset});
      const auto& page = got.facts;
      result.insert(result.end(), page.names.begin(), page.names.end());
      if (page.names.empty() || result.size() >= page.total)
        return result;
    }
  }

  template <class Answer, class Request>
  Answer ask(Request what) {
    Answer result;
    auto asker = sys.spawn([&, what](caf::event_based_actor* me) {
      me->request(caf::actor_cast<store_actor>(store.client), caf::infinite, what)
          .then([&result](const Answer& x) { result = x; });
    });
    pass(1s);
    return result;
  }
};

using names = std::vector<std::string>;

} // namespace

CAF_TEST_FIXTURE_SCOPE(consumers_tests, fixture)

CAF_TEST(partitions count as assigned once their consumers stand) {
  assign({"7", "a.b"}, 5);
  CAF_CHECK(consumers() == (names{"g-7-5", "g-a~b-5"}));
  std::size_t all = 0;
  for (const auto& x : app->assigned)
    all += x.partitions.size();
  CAF_CHECK_EQUAL(all, 2u);
  CAF_REQUIRE(!app->given.empty());
  CAF_CHECK_EQUAL(app->given.front().stream, "S");
  auto x = ask<consumer_answer>(consumer_look{"S", "g-a~b-5"});
  CAF_CHECK_EQUAL(x.facts.filter, "orders.a.b.>");
  CAF_CHECK_EQUAL(x.facts.start, 1u);
}

CAF_TEST(a stream that is missing is reported and waited for) {
  anon_send(server, store::delete_stream{"S"});
  assign({"7"}, 5);
  CAF_CHECK(app->assigned.empty());
  CAF_REQUIRE_EQUAL(app->alerts.size(), 1u);
  CAF_CHECK_EQUAL(app->alerts[0].what, "consumer_missing");
  CAF_CHECK(app->alerts[0].why.find("partition 7") != std::string::npos);
  anon_send(server, store::set_stream{a_stream()});
  pass(10s);
  CAF_CHECK_EQUAL(app->assigned.size(), 1u);
  CAF_REQUIRE_EQUAL(app->alerts.size(), 2u);
  CAF_CHECK(app->alerts[1].over);
}

CAF_TEST(a revocation is answered once the listener has stopped and the consumer ended) {
  assign({"7"}, 5);
  app->quick = false;
  revoke({"7"}, 5);
  CAF_REQUIRE_EQUAL(app->revoked.size(), 1u);
  CAF_CHECK_EQUAL(stopped, 0);
  CAF_MESSAGE("the listener acknowledges its last message first");
  consumer_facts facts;
  facts.name = "g-7-5";
  facts.start = 1;
  facts.filter = "orders.7.>";
  facts.ack_floor = 30;
  anon_send(server, store::set_consumer{"S", facts});
  CAF_CHECK(consumers() == names{"g-7-5"});
  anon_send(listener, caf::flush_atom_v);
  pass(2s);
  CAF_CHECK_EQUAL(stopped, 1);
  CAF_CHECK(consumers().empty());
  CAF_MESSAGE("the next owner continues there");
  assign({"7"}, 6);
  auto x = ask<consumer_answer>(consumer_look{"S", "g-7-6"});
  CAF_CHECK_EQUAL(x.facts.start, 31u);
}

CAF_TEST(what was never given is neither revoked nor lost) {
  anon_send(server, store::delete_stream{"S"});
  assign({"7", "8"}, 5);
  revoke({"7"}, 5);
  CAF_CHECK_EQUAL(stopped, 1);
  lose({"8"}, 5);
  CAF_CHECK_EQUAL(stopped, 2);
  CAF_CHECK(app->revoked.empty());
  CAF_CHECK(app->lost.empty());
}

CAF_TEST(a loss does not wait for the store) {
  assign({"7"}, 5);
  test::client_fault down;
  down.kind = test::fault_kind::link_down;
  anon_send(store.faults, down);
  lose({"7"}, 5);
  CAF_CHECK_EQUAL(app->lost.size(), 1u);
  CAF_CHECK_EQUAL(stopped, 1);
}

CAF_TEST(a loss answers a revocation that waits for the store too) {
  assign({"7"}, 5);
  app->quick = false;
  revoke({"7"}, 5);
  app->quick = true;
  lose({"7"}, 5);
  CAF_CHECK_EQUAL(stopped, 1);
  anon_send(listener, caf::flush_atom_v);
  pass(2s);
  CAF_CHECK_EQUAL(stopped, 2);
}

CAF_TEST(a new token gives a new consumer) {
  assign({"7"}, 5);
  assign({"7"}, 8);
  CAF_CHECK(consumers() == names{"g-7-8"});
  CAF_REQUIRE_EQUAL(app->assigned.size(), 2u);
  CAF_CHECK_EQUAL(app->assigned[1].partitions.at(0).token.value, 8u);
  CAF_CHECK_EQUAL(app->given.at(1).names.at("7"), "g-7-8");
}

CAF_TEST(consumers of older tokens are swept away and no others) {
  assign({"7"}, 5);
  for (const auto* name : {"g-7-3", "g-7-6", "g-8-3", "h-7-3", "g-7-4-r1"}) {
    consumer_facts facts;
    facts.name = name;
    anon_send(server, store::set_consumer{"S", facts});
  }
  pass(70s);
  CAF_CHECK(consumers() == (names{"g-7-5", "g-7-6", "g-8-3", "h-7-3"}));
}

CAF_TEST(claims that are lost with their bucket are made again) {
  assign({"7"}, 5);
  anon_send(server, store::delete_bucket{"g-claims"});
  anon_send(server, store::delete_stream{"S"});
  anon_send(server, store::set_stream{a_stream()});
  pass(20s);
  CAF_MESSAGE("the consumer is made again, and the partition was never taken away");
  CAF_CHECK(consumers() == names{"g-7-5"});
  CAF_CHECK(app->revoked.empty() && app->lost.empty());
  CAF_MESSAGE("others get theirs");
  assign({"8"}, 5);
  CAF_CHECK(consumers() == (names{"g-7-5", "g-8-5"}));
}

CAF_TEST(the lag is that of the last look) {
  assign({"7", "8"}, 5);
  consumer_facts facts;
  facts.name = "g-7-5";
  facts.start = 1;
  facts.filter = "orders.7.>";
  facts.ack_floor = 30;
  facts.pending = 12;
  anon_send(server, store::set_consumer{"S", facts});
  pass(6s);
  auto lag = [this] {
    consumers_lag result;
    sys.spawn([&](caf::event_based_actor* me) {
      me->request(mine, caf::infinite, get_lag{}).then([&](const consumers_lag& x) {
        result = x;
      });
    });
    pass(50ms);
    return result;
  };
  CAF_CHECK_EQUAL(lag().group, "g");
  CAF_CHECK_EQUAL(lag().pending, 12u);
  CAF_CHECK(lag().partitions == (std::vector<partition_lag>{{"7", 12, 30}, {"8", 0, 0}}));
  lose({"7"}, 5);
  CAF_CHECK(lag().partitions == (std::vector<partition_lag>{{"8", 0, 0}}));
}

CAF_TEST(a name that no subject can hold is reported) {
  assign({"a b"}, 5);
  CAF_CHECK(app->assigned.empty());
  CAF_REQUIRE_EQUAL(app->alerts.size(), 1u);
  CAF_CHECK(app->alerts[0].why.find("holds ' '") != std::string::npos);
  revoke({"a b"}, 5);
  CAF_CHECK_EQUAL(stopped, 1);
}

CAF_TEST(it ends with its listener) {
  anon_send_exit(listener, caf::exit_reason::kill);
  pass(50ms);
  lose({"7"}, 5);
  CAF_CHECK_EQUAL(stopped, 0);
}

CAF_TEST_FIXTURE_SCOPE_END()
