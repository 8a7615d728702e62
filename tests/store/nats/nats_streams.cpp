// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE store.nats_streams

#include "partita/store/nats/client/streams_api.hpp"

#include "../../support/nats_cluster.hpp"
#include "../../support/nats_pull.hpp"
#include "../../support/nats_world.hpp"

#include <nlohmann/json.hpp>

#include <caf/test/unit_test.hpp>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <set>

// The port for streams and consumers, on every nats-server that is there.

using namespace partita;
using namespace partita::test;
using namespace std::chrono_literals;

namespace {

const subject_transform by_number{"orders.*",
                                  "orders.{{partition(4,1)}}.{{wildcard(1)}}"};

struct world : nats_world {
  explicit world(nats_server_options options)
      : nats_world(std::move(options)), admin(server.url()), store(connect(patient())) {}

  static nats_options patient() {
    nats_options result;
    // A busy machine is no reason for an unknown outcome here.
    result.request_timeout = 5s;
    return result;
  }

  template <class Answer, class Request>
  Answer get(Request what) {
    return ask<Answer>(self, store, std::move(what));
  }
  stream_answer look(const std::string& stream) {
    return get<stream_answer>(stream_look{stream});
  }
  stream_answer make(const subject_transform& transform = {}) {
    return get<stream_answer>(stream_make{"S", {"orders.*"}, transform, 1});
  }
  /// A stream of a kind that the port does not make.
  void make_special(const std::string& members) {
    admin.api("STREAM.CREATE.S",
              R"({"name":"S","subjects":["orders.>"],"storage":"file",)" + members + "}");
  }
  consumer_answer consume(consumer_spec what, const std::string& stream = "S") {
    return get<consumer_answer>(consumer_make{stream, std::move(what)});
  }
  consumer_answer remove(const std::string& name, const std::string& stream = "S") {
    return get<consumer_answer>(consumer_remove{stream, name});
  }
  consumer_answer find(const std::string& name, const std::string& stream = "S") {
    return get<consumer_answer>(consumer_look{stream, name});
  }
  consumer_names list(std::uint64_t offset = 0, const std::string& stream = "S") {
    return get<consumer_names>(consumer_list{stream, offset});
  }
  /// When the server made the consumer.
  std::string created(const std::string& name) {
    auto text = admin.request("$JS.API.CONSUMER.INFO.S." + name).data;
    return nlohmann::json::parse(text).at("created");
  }
  void publish(const std::string& subject, int times = 1) {
    for (auto i = 0; i < times; ++i)
      admin.request(subject, "x");
  }
  /// Takes the consumer's next message; returns where it is acknowledged.
  std::string pull(const std::string& name) {
    return partita::test::pull(server.port(), "S", name).reply;
  }

  nats_client admin;
  store_actor store;
};

/// The installed server and those that scripts/nats-servers has unpacked.
void on_each_server(const std::function<void(world&)>& test,
                    const std::string& config = {}) {
  auto programs = nats_cluster::programs();
  programs.insert(programs.begin(), {});
  std::set<std::filesystem::path> seen;
  for (const auto& program : programs)
    if (seen.insert(program).second) {
      CAF_MESSAGE("server " << program.string());
      nats_server_options options;
      options.program = program;
      options.config = config;
      world w{options};
      test(w);
    }
}

consumer_spec spec(const std::string& name, const std::string& filter = {},
                   std::uint64_t start = 0) {
  consumer_spec result;
  result.name = name;
  result.filter = filter;
  result.start = start;
  return result;
}

} // namespace

CAF_TEST(a stream is made once and read back as the server made it) {
  on_each_server([](world& w) {
    auto none = w.look("S");
    CAF_CHECK(none.status == stream_status::missing);
    CAF_CHECK(has(none.why, "stream 'S'"));
    auto made = w.make(by_number);
    CAF_REQUIRE(made.status == stream_status::done);
    auto& x = made.facts;
    CAF_CHECK_EQUAL(x.name, "S");
    CAF_CHECK(x.created_at_ns > 0);
    CAF_CHECK(x.subjects == std::vector<std::string>{"orders.*"});
    // Versions before 2.10 drop it without a word.
    CAF_CHECK(x.transform == by_number || x.transform == subject_transform{});
    CAF_CHECK(x.retention == stream_retention::limits);
    CAF_CHECK(x.replicas == 1 && x.has_leader);
    CAF_CHECK(x.last_sequence == 0 && x.consumers == 0);
    CAF_MESSAGE("again");
    auto again = w.make(by_number);
    CAF_REQUIRE(again.status == stream_status::done);
    CAF_CHECK(again.facts.created_at_ns == x.created_at_ns);
    w.publish("orders.a", 3);
    CAF_REQUIRE(w.consume(spec("c")).status == stream_status::done);
    auto seen = w.look("S");
    CAF_CHECK(seen.facts.first_sequence == 1 && seen.facts.last_sequence == 3);
    CAF_CHECK(seen.facts.consumers == 1);
  });
}

CAF_TEST(a stream that is there gets subjects and transform and keeps the rest) {
  on_each_server([](world& w) {
    w.make_special(R"("retention":"interest","max_age":3600000000000)");
    auto changed = w.make(by_number);
    CAF_REQUIRE(changed.status == stream_status::done);
    CAF_CHECK(changed.facts.subjects == std::vector<std::string>{"orders.*"});
    CAF_CHECK(changed.facts.retention == stream_retention::interest);
    auto config = w.admin.request("$JS.API.STREAM.INFO.S").data;
    CAF_CHECK(has(config, "\"max_age\":3600000000000"));
    auto removed = w.make();
    CAF_CHECK(removed.facts.transform == subject_transform{});
  });
}

CAF_TEST(a stream with messages of others says so) {
  on_each_server([](world& w) {
    CAF_REQUIRE(w.make().status == stream_status::done);
    CAF_CHECK(!w.look("S").facts.has_sources);
    w.admin.api("STREAM.CREATE.T", R"({"name":"T","sources":[{"name":"S"}]})");
    CAF_CHECK(w.look("T").facts.has_sources);
    w.admin.api("STREAM.CREATE.M", R"({"name":"M","mirror":{"name":"S"}})");
    CAF_CHECK(w.look("M").facts.has_sources);
  });
}

CAF_TEST(a consumer is made once and only with one configuration) {
  on_each_server([](world& w) {
    CAF_REQUIRE(w.make().status == stream_status::done);
    w.publish("orders.a", 5);
    auto wanted = spec("g-1-7", "orders.a", 3);
    wanted.ack_wait = 5s;
    wanted.max_ack_pending = 10;
    auto made = w.consume(wanted);
    CAF_REQUIRE(made.status == stream_status::done);
    CAF_CHECK_EQUAL(made.facts.name, "g-1-7");
    CAF_CHECK_EQUAL(made.facts.start, 3u);
    CAF_CHECK_EQUAL(made.facts.filter, "orders.a");
    CAF_CHECK_EQUAL(made.facts.pending, 3u);
    CAF_CHECK(made.facts.has_leader);
    auto first = w.created("g-1-7");
    auto again = w.consume(wanted);
    CAF_REQUIRE(again.status == stream_status::done);
    CAF_CHECK(w.created("g-1-7") == first);
    auto other = w.consume(spec("g-1-7", "orders.a", 4));
    CAF_CHECK(other.status == stream_status::conflict);
    CAF_CHECK(w.find("g-1-7").facts.start == 3);
  });
}

CAF_TEST(the state of a consumer tells delivered from acknowledged) {
  on_each_server([](world& w) {
    CAF_REQUIRE(w.make().status == stream_status::done);
    w.publish("orders.a", 5);
    CAF_REQUIRE(w.consume(spec("c", "orders.a")).status == stream_status::done);
    auto first = w.pull("c");
    w.pull("c");
    w.admin.request(first, "+ACK");
    auto x = w.find("c").facts;
    CAF_CHECK_EQUAL(x.ack_floor, 1u);
    CAF_CHECK_EQUAL(x.ack_pending, 1u);
    CAF_CHECK_EQUAL(x.pending, 3u);
  });
}

CAF_TEST(a consumer that is missing is told apart from a stream that is missing) {
  on_each_server([](world& w) {
    for (const auto& x : {w.find("c"), w.remove("c"), w.consume(spec("c"))}) {
      CAF_CHECK(x.status == stream_status::missing);
      CAF_CHECK(has(x.why, "10059"));
    }
    CAF_CHECK(w.list().status == stream_status::missing);
    CAF_REQUIRE(w.make().status == stream_status::done);
    for (const auto& x : {w.find("c"), w.remove("c")}) {
      CAF_CHECK(x.status == stream_status::missing);
      CAF_CHECK(has(x.why, "10014"));
    }
    CAF_REQUIRE(w.consume(spec("c")).status == stream_status::done);
    CAF_CHECK(w.remove("c").status == stream_status::done);
    CAF_CHECK(w.find("c").status == stream_status::missing);
  });
}

CAF_TEST(the names of consumers are listed page by page) {
  on_each_server([](world& w) {
    CAF_REQUIRE(w.make().status == stream_status::done);
    auto none = w.list();
    CAF_CHECK(none.status == stream_status::done && none.facts.names.empty()
              && none.facts.total == 0);
    for (auto name : {"a", "b", "c"})
      CAF_REQUIRE(w.consume(spec(name)).status == stream_status::done);
    auto all = w.list();
    CAF_CHECK(all.facts.total == 3
              && all.facts.names == std::vector<std::string>({"a", "b", "c"}));
    auto rest = w.list(2);
    CAF_CHECK(rest.facts.total == 3 && rest.facts.names == std::vector<std::string>{"c"});
  });
}

CAF_TEST(a work queue names the rule that a consumer breaks) {
  on_each_server([](world& w) {
    w.make_special(R"("retention":"workqueue")");
    auto all = w.consume(spec("c", "orders.1.>"));
    CAF_CHECK(all.status == stream_status::refused);
    CAF_CHECK(has(all.why, "10098"));
    auto each = spec("c", "orders.1.>", 2);
    each.acks = ack_policy::each;
    auto late = w.consume(each);
    CAF_CHECK(late.status == stream_status::refused);
    CAF_CHECK(has(late.why, "10101"));
    each.start = 0;
    CAF_REQUIRE(w.consume(each).status == stream_status::done);
    CAF_CHECK(w.look("S").facts.retention == stream_retention::work_queue);
    each.name = "d";
    auto second = w.consume(each);
    CAF_CHECK(second.status == stream_status::refused);
    CAF_CHECK(has(second.why, "10100"));
  });
}

CAF_TEST(the limit of consumers is a refusal with its number) {
  on_each_server([](world& w) {
    w.make_special(R"("max_consumers":1)");
    CAF_REQUIRE(w.consume(spec("a")).status == stream_status::done);
    auto x = w.consume(spec("b"));
    CAF_CHECK(x.status == stream_status::refused);
    CAF_CHECK(has(x.why, "10026"));
    CAF_CHECK(has(x.why, "max_consumers"));
  });
}

CAF_TEST(a permission that is missing is named with its subject) {
  on_each_server(
      [](world& w) {
        CAF_REQUIRE(w.make().status == stream_status::done);
        auto x = w.consume(spec("c", "orders.a"));
        CAF_CHECK(x.status == stream_status::refused);
        CAF_CHECK(has(x.why, "$JS.API.CONSUMER.CREATE.S.c.orders.a"));
        CAF_CHECK(w.find("c").status == stream_status::missing);
      },
      R"(authorization { users: [ { user: u, password: p, permissions: {
           publish: { deny: "$JS.API.CONSUMER.CREATE.>" } } } ] }
         no_auth_user: u)");
}

CAF_TEST(a server that is frozen or gone is no refusal) {
  on_each_server([](world& w) {
    nats_options hasty;
    hasty.request_timeout = 200ms;
    auto store = w.connect(hasty);
    w.server.freeze();
    auto frozen = ask<consumer_answer>(w.self, store, consumer_remove{"S", "c"});
    CAF_CHECK(frozen.status == stream_status::unknown);
    w.server.thaw();
    w.server.kill();
    w.until(store, link_state::disconnected);
    w.until(w.store, link_state::disconnected);
    auto gone = ask<stream_answer>(w.self, store, stream_look{"S"});
    CAF_CHECK(gone.status == stream_status::not_connected);
    CAF_CHECK(!gone.why.empty());
    w.server.start();
    w.until(w.store, link_state::connected);
    CAF_CHECK(w.look("S").status == stream_status::missing);
  });
}

CAF_TEST(a server without JetStream is not connected and says what to do) {
  nats_server_options options;
  options.jetstream = false;
  world w{options};
  auto x = w.look("S");
  CAF_CHECK(x.status == stream_status::not_connected);
  CAF_CHECK(has(x.why, "-js"));
}

CAF_TEST(names that no server takes are refused before they are sent) {
  world w{{}};
  for (const auto* name : {"", "a b", "a.b", "a*", ">", "a/b"}) {
    auto x = w.look(name);
    CAF_CHECK(x.status == stream_status::refused);
    CAF_CHECK(has(x.why, "expected a name"));
    CAF_CHECK(w.find(name).status == stream_status::refused);
    CAF_CHECK(w.consume(spec(name)).status == stream_status::refused);
  }
  for (const auto* filter : {".a", "a.", "a..b", "a b"}) {
    auto x = w.consume(spec("c", filter));
    CAF_CHECK(x.status == stream_status::refused);
    CAF_CHECK(has(x.why, "filter"));
  }
}

CAF_TEST(a closed store answers that it is not connected) {
  world w{{}};
  w.close(w.store);
  CAF_CHECK(w.look("S").status == stream_status::not_connected);
}

CAF_TEST(closing a store waits for the answers under way) {
  world w{{}};
  auto in_flight = w.self->request(w.store, patience, stream_look{"S"});
  auto closing = w.self->request(w.store, patience, close_store{});
  CAF_CHECK(wait_for<stream_answer>(w.self, in_flight).status == stream_status::missing);
  wait_for<store_closed>(w.self, closing);
}

// -- the text of answers ----------------------------------------------------------------

CAF_TEST(a consumer whose leader is not elected is told apart) {
  auto facts = [](const std::string& more) {
    auto x = nats::parse_facts<consumer_facts>(
        R"({"name":"c","created":"2026-01-01T00:00:00Z","config":{})" + more + "}");
    CAF_REQUIRE(std::holds_alternative<consumer_facts>(x));
    return std::get<consumer_facts>(x);
  };
  CAF_CHECK(facts("").has_leader);
  CAF_CHECK(!facts(R"(,"cluster":{"name":"C"})").has_leader);
  CAF_CHECK(facts(R"(,"cluster":{"name":"C","leader":"n1"})").has_leader);
}

CAF_TEST(answers that make no sense are errors and not facts) {
  for (auto text :
       {"", "[]", "{}", "null", R"({"name":1,"created":"x"})", R"({"success":false})"}) {
    CAF_CHECK(
        std::holds_alternative<nats::api_error>(nats::parse_facts<stream_facts>(text)));
    CAF_CHECK(
        std::holds_alternative<nats::api_error>(nats::parse_facts<consumer_facts>(text)));
    CAF_CHECK(
        std::holds_alternative<nats::api_error>(nats::parse_facts<consumer_page>(text)));
  }
}
