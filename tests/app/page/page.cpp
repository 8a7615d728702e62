// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE app.page

#include "partita/app/page/page.hpp"

#include "partita/app/process/process_exit.hpp"
#include "partita/app/process/runtime.hpp"
#include "partita/app/wiring/wiring.hpp"
#include "partita/messages/codec.hpp"

#include "../../support/eventually.hpp"

#include <nlohmann/json.hpp>

#include <caf/actor_system.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/test/unit_test.hpp>

#include <httplib.h>

using namespace partita;
using namespace partita::app;
using namespace std::chrono_literals;
using nlohmann::json;
using partita::test::eventually;

namespace {

struct fixture {
  runtime_config cfg;
  caf::actor_system sys{cfg};
  caf::scoped_actor self{sys};
  config::settings settings;
  store_actor store;
  std::optional<page_server> server;

  fixture() {
    settings.group.name = "orders";
    settings.name_buckets();
    store = spawn_store(sys, settings, "test", store_kind::memory);
    auto started = page_server::start(sys, settings, store, "127.0.0.1:0");
    CAF_REQUIRE(std::holds_alternative<page_server>(started));
    server = std::move(std::get<page_server>(started));
  }

  ~fixture() {
    server->stop();
    CAF_CHECK(close(self, store));
  }

  httplib::Client client() const {
    httplib::Client result{server->http.address()};
    result.set_read_timeout(40s);
    return result;
  }

  json group() const {
    auto answer = client().Get("/v1/group");
    return answer ? json::parse(answer->body) : json{};
  }

  bucket_actor bucket(const std::string& name) {
    bucket_actor result;
    self->request(store, 10s, open_bucket{name})
        .receive([&](bucket_opened& x) { result = std::move(x.bucket); },
                 [](const caf::error&) {});
    CAF_REQUIRE(result);
    return result;
  }

  void make_buckets() {
    const auto& names = settings.buckets;
    for (const auto& x :
         {names.election, names.heartbeat, names.assignment, names.stable_id})
      bucket(x);
  }

  void put(const std::string& name, const std::string& key, const std::string& value) {
    self->request(bucket(name), 10s, kv_put{key, value})
        .receive([](const kv_written&) {}, [](const caf::error&) { CAF_FAIL("no"); });
  }

  void join(const std::string& id) {
    beat x;
    x.nonce = {"nonce of " + id};
    x.state = beat_state::working;
    put(settings.buckets.heartbeat, "heartbeat." + id, to_text(x));
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(page_tests, fixture)

CAF_TEST(the page and its parts are served and allow no code from elsewhere) {
  auto page = client().Get("/");
  CAF_REQUIRE(page);
  CAF_CHECK_EQUAL(page->get_header_value("Content-Type"), "text/html; charset=utf-8");
  auto policy = page->get_header_value("Content-Security-Policy");
  CAF_CHECK_EQUAL(policy.find("default-src 'none'; script-src 'self';"), 0u);
  CAF_CHECK_EQUAL(policy.find("unsafe"), std::string::npos);
  auto script = client().Get("/page/main.js");
  CAF_REQUIRE(script);
  CAF_CHECK_EQUAL(script->get_header_value("Content-Type"),
                  "text/javascript; charset=utf-8");
}

CAF_TEST(a group that does not exist yet is named and found later) {
  auto absent = group();
  CAF_CHECK_EQUAL(absent["trouble"],
                  "the group orders does not exist: there is no bucket orders-election; "
                  "this server has no other group");
  make_buckets();
  join("worker-0");
  CAF_CHECK(eventually(20s, [&] {
    auto x = group();
    return x["trouble"] == "" && x.contains("workers")
           && x["workers"].contains("worker-0");
  }));
}

CAF_TEST(a follower gets everything and then what has changed) {
  make_buckets();
  join("worker-0");
  std::string text;
  auto joined = false;
  client().Get("/v1/group/changes", [&](const char* data, std::size_t size) {
    text.append(data, size);
    if (!joined && text.find("\n\n") != std::string::npos) {
      joined = true;
      join("worker-1");
    }
    return text.find("worker-1") == std::string::npos;
  });
  CAF_CHECK_EQUAL(text.find("event: whole\nid: "), 0u);
  auto second = text.substr(text.find("\n\n") + 2);
  CAF_CHECK_EQUAL(second.find("id: "), 0u);
  CAF_CHECK_EQUAL(second.find("worker-0"), std::string::npos);
}

CAF_TEST(a heartbeat that says nothing new is no change) {
  make_buckets();
  join("worker-0");
  auto position = [&] {
    std::string text;
    client().Get("/v1/group/changes", [&](const char* data, std::size_t size) {
      text.append(data, size);
      return text.find("\ndata:") == std::string::npos;
    });
    return text.substr(0, text.find("\ndata:"));
  };
  auto before = position();
  for (auto i = 0; i < 3; ++i)
    join("worker-0");
  put(settings.buckets.election, "other", "x");
  CAF_CHECK_EQUAL(position(), before);
}

CAF_TEST(a quiet group sends an event that scripts receive) {
  make_buckets();
  join("worker-0");
  std::string text;
  client().Get("/v1/group/changes", [&](const char* data, std::size_t size) {
    text.append(data, size);
    return text.find("event: alive\ndata:\n\n") == std::string::npos;
  });
  CAF_CHECK(text.ends_with("\n\nevent: alive\ndata:\n\n"));
}

CAF_TEST(the first question is answered once the group is known) {
  make_buckets();
  record x;
  x.partitions.push_back({{{"orders", "7"}, 100}, {3 * versions_per_epoch + 1}});
  put(settings.buckets.assignment, "assignment.worker-0", to_text(x));
  auto answer = client().Get("/v1/group/partition?name=orders.7");
  CAF_REQUIRE(answer);
  CAF_CHECK_EQUAL(answer->status, 200);
  auto found = json::parse(answer->body);
  CAF_CHECK_EQUAL(found["owner"], "worker-0");
}

CAF_TEST(a partition that no record names is not found) {
  make_buckets();
  auto answer = client().Get("/v1/group/partition?name=orders.7");
  CAF_REQUIRE(answer);
  CAF_CHECK_EQUAL(answer->status, 404);
  CAF_CHECK_EQUAL(client().Get("/v1/group/partition")->status, 400);
}

CAF_TEST(no reader is left when no client looks) {
  make_buckets();
  auto before = sys.registry().running();
  group();
  CAF_CHECK(sys.registry().running() > before);
  CAF_CHECK(eventually(20s, [&] { return sys.registry().running() == before; }));
}

CAF_TEST_FIXTURE_SCOPE_END()
