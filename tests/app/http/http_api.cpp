// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE app.http_api

#include "partita/app/http/http_api.hpp"

#include <nlohmann/json.hpp>

#include <caf/test/unit_test.hpp>

using namespace partita;
using namespace partita::app;
using namespace std::chrono_literals;
using nlohmann::json;

namespace {

struct fixture {
  config::http_settings rules{{}, "s3cr3t", true, 0ms};
  std::vector<http_page> pages;

  static http_request get(const std::string& path,
                          std::multimap<std::string, std::string> parameters = {}) {
    http_request result;
    result.method = "GET";
    result.path = path;
    result.parameters = std::move(parameters);
    result.host = "127.0.0.1:8080";
    result.from_here = true;
    return result;
  }

  static http_request release(const std::string& body = "") {
    auto result = get("/v1/released");
    result.method = "POST";
    result.content_type = "application/json";
    result.body = body;
    return result;
  }

  http_decision judge(const http_request& x) const {
    return http_api{rules, pages}.judge(x);
  }

  template <class T>
  T wanted(const http_request& x) const {
    auto decision = judge(x);
    CAF_REQUIRE(std::holds_alternative<T>(decision));
    return std::get<T>(decision);
  }

  http_reply refused(const http_request& x, int status) const {
    auto result = wanted<http_reply>(x);
    CAF_MESSAGE(result.body);
    CAF_CHECK_EQUAL(result.status, status);
    auto error = json::parse(result.body).at("error");
    CAF_CHECK(error.is_object());
    CAF_CHECK_EQUAL(result.body.find("s3cr3t"), std::string::npos);
    return result;
  }

  std::vector<release_item> items(const std::string& body) const {
    auto decision = http_api{rules, pages}.judge_body(release(body));
    CAF_REQUIRE(std::holds_alternative<release_work>(decision));
    return std::get<release_work>(decision).items;
  }
};

bool says(const http_reply& x, const std::string& part) {
  return x.body.find(part) != std::string::npos;
}

shown_life ready_life() {
  shown_life x;
  x.alive = true;
  x.absent = false;
  x.status.worker_id = {"worker-3"};
  x.status.state = worker_state::stable;
  x.status.state_reason = "received its first assignment";
  x.status.applied = {{4}, {9}};
  return x;
}

} // namespace

CAF_TEST_FIXTURE_SCOPE(http_api_tests, fixture)

CAF_TEST(an unknown path gets the list of those that there are) {
  pages.push_back({"/metrics"});
  auto x = refused(get("/v2"), 404);
  for (const auto* path :
       {"/livez", "/readyz", "/v1/assignment", "/v1/events", "/v1/released", "/metrics"})
    CAF_CHECK(says(x, path));
  CAF_CHECK(says(refused(get("/v1/asignment"), 404), "did you mean /v1/assignment?"));
}

CAF_TEST(a page that others add is found by its path and by GET alone) {
  pages.push_back({"/metrics"});
  http_api api{rules, pages};
  auto decision = api.judge(get("/metrics"));
  CAF_REQUIRE(std::holds_alternative<show_page>(decision));
  CAF_CHECK_EQUAL(std::get<show_page>(decision).page->path, "/metrics");
  auto post = get("/metrics");
  post.method = "POST";
  refused(post, 405);
}

CAF_TEST(a wrong method is refused with those that are allowed) {
  for (const auto* path : {"/livez", "/readyz", "/v1/assignment", "/v1/events"}) {
    auto x = get(path);
    x.method = "DELETE";
    auto reply = refused(x, 405);
    CAF_REQUIRE_EQUAL(reply.headers.size(), 1u);
    CAF_CHECK_EQUAL(reply.headers[0].first, "Allow");
    CAF_CHECK_EQUAL(reply.headers[0].second, "GET, HEAD");
  }
  auto reply = refused(get("/v1/released"), 405);
  CAF_CHECK_EQUAL(reply.headers[0].second, "POST");
}

CAF_TEST(the assignment is asked for with a version and a wait) {
  auto plain = wanted<ask_assignment>(get("/v1/assignment"));
  CAF_CHECK_EQUAL(plain.known, 0u);
  CAF_CHECK(plain.wait == 0ms);
  auto full =
      wanted<ask_assignment>(get("/v1/assignment", {{"version", "17"}, {"wait", "30s"}}));
  CAF_CHECK_EQUAL(full.known, 17u);
  CAF_CHECK(full.wait == 30s);
  CAF_CHECK(full.who == caller::application);
}

CAF_TEST(with app_ttl a wait ends early enough for the next call) {
  rules.app_ttl = 9s;
  auto x = wanted<ask_assignment>(get("/v1/assignment", {{"wait", "30s"}}));
  CAF_CHECK(x.wait == 3s);
}

CAF_TEST(a bad parameter is named with what would be right) {
  for (const auto* version : {"-1", "x", "1.5", "", "9007199254740993", "0x1"})
    CAF_CHECK(says(refused(get("/v1/assignment", {{"version", version}}), 400),
                   "an integer from 0"));
  for (const auto* wait : {"30", "-1s", "61s", "soon", ""})
    CAF_CHECK(says(refused(get("/v1/assignment", {{"wait", wait}}), 400),
                   "a duration from 0s to 1m"));
  CAF_CHECK(says(refused(get("/v1/assignment", {{"versoin", "1"}}), 400),
                 "did you mean version?"));
  CAF_CHECK(says(refused(get("/v1/assignment", {{"wait", "1s"}, {"wait", "2s"}}), 400),
                 "more than once"));
  CAF_CHECK(
      says(refused(get("/v1/events", {{"after", "0"}}), 400), "the id of an event"));
}

CAF_TEST(events are followed from now on or from an id) {
  CAF_CHECK_EQUAL(wanted<ask_events>(get("/v1/events")).after, 0u);
  CAF_CHECK_EQUAL(wanted<ask_events>(get("/v1/events", {{"after", "5"}})).after, 5u);
  auto again = get("/v1/events", {{"after", "5"}});
  again.last_event_id = "8";
  CAF_CHECK_EQUAL(wanted<ask_events>(again).after, 8u);
  again.last_event_id = "eight";
  refused(again, 400);
}

CAF_TEST(releases without confirm say how to turn them on) {
  rules.confirm = false;
  CAF_CHECK(says(refused(release(), 409), "confirm = true"));
}

CAF_TEST(a release is an object or an array of them) {
  auto one = items(R"({"partition":"orders.7","token":9})");
  CAF_REQUIRE_EQUAL(one.size(), 1u);
  CAF_CHECK_EQUAL(one[0].partition, "orders.7");
  CAF_CHECK_EQUAL(one[0].token.value, 9u);
  auto two = items(R"([{"partition":"a","token":1},{"partition":"b","token":2}])");
  CAF_CHECK_EQUAL(two.size(), 2u);
}

CAF_TEST(a body that is no release is shown with what would be one) {
  for (const auto* body :
       {"", "{", "5", "[]", "[5]", "{}", R"({"partition":"a"})", R"({"token":1})",
        R"({"partition":1,"token":1})", R"({"partition":"a","token":"1"})",
        R"({"partition":"a","token":-1})", R"({"partition":"a","token":1.5})",
        R"({"partition":"a","token":1,"tokn":2})", "\xff\xfe"}) {
    auto decision = http_api{rules, pages}.judge_body(release(body));
    CAF_REQUIRE(std::holds_alternative<http_reply>(decision));
    const auto& reply = std::get<http_reply>(decision);
    CAF_CHECK_EQUAL(reply.status, 400);
    CAF_CHECK(says(reply, "orders.7"));
  }
}

CAF_TEST(a program on this machine may change something) {
  wanted<body_wanted>(release());
  auto named = release();
  named.host = "localhost:8080";
  wanted<body_wanted>(named);
  named.host = "[::1]:8080";
  wanted<body_wanted>(named);
}

CAF_TEST(another machine may change something with the token alone) {
  auto x = release();
  x.from_here = false;
  x.host = "worker-3.example.org";
  auto reply = refused(x, 401);
  CAF_CHECK_EQUAL(reply.headers[0].first, "WWW-Authenticate");
  for (const auto* wrong : {"Bearer s3cr3", "Bearer s3cr3t0", "Bearer ", "Basic s3cr3t",
                            "s3cr3t", "Bearer S3CR3T"}) {
    x.authorization = wrong;
    refused(x, 403);
  }
  x.authorization = "Bearer s3cr3t";
  wanted<body_wanted>(x);
  x.authorization = "bearer  s3cr3t";
  wanted<body_wanted>(x);
  CAF_MESSAGE("and not at all where there is none");
  rules.token.clear();
  refused(x, 403);
  x.authorization = "Bearer ";
  refused(x, 403);
  x.authorization.clear();
  refused(x, 403);
}

CAF_TEST(a page in a browser can change nothing) {
  auto x = release();
  x.of_a_page = true;
  refused(x, 401);
  x.of_a_page = false;
  for (const auto* type : {"text/plain", "application/x-www-form-urlencoded",
                           "multipart/form-data; boundary=x", ""}) {
    x.content_type = type;
    refused(x, 415);
  }
  x.content_type = "Application/JSON; charset=utf-8";
  wanted<body_wanted>(x);
}

CAF_TEST(a name that points here is not this machine) {
  auto x = get("/v1/assignment");
  for (const auto* host : {"evil.example:8080", "127.0.0.1.evil.example", "a"}) {
    x.host = host;
    refused(x, 403);
  }
  x.authorization = "Bearer s3cr3t";
  wanted<ask_assignment>(x);
  CAF_MESSAGE("probes reveal nothing: any name is accepted");
  auto probe = get("/readyz");
  probe.host = "evil.example";
  wanted<probe_life>(probe);
}

CAF_TEST(a body has a length and is not compressed) {
  auto x = release();
  x.content_encoding = "gzip";
  refused(x, 415);
  x.content_encoding = "identity";
  wanted<body_wanted>(x);
  x.transfer_encoding = "chunked";
  refused(x, 411);
}

CAF_TEST(only calls of the application count as its life) {
  auto x = get("/v1/assignment");
  CAF_CHECK(wanted<ask_assignment>(x).who == caller::application);
  x.of_a_page = true;
  CAF_CHECK(wanted<ask_assignment>(x).who == caller::other);
  x.of_a_page = false;
  x.from_here = false;
  CAF_CHECK(wanted<ask_assignment>(x).who == caller::other);
  x.authorization = "Bearer s3cr3t";
  CAF_CHECK(wanted<ask_assignment>(x).who == caller::application);
}

CAF_TEST(probes are asked with whatever parameters) {
  CAF_CHECK(!wanted<probe_life>(get("/livez")).ready);
  auto x = wanted<probe_life>(get("/readyz", {{"verbose", ""}, {"exclude", "x"}}));
  CAF_CHECK(x.ready && x.verbose);
}

CAF_TEST(a worker is ready once it has joined and has a session and an applied record) {
  auto x = ready_life();
  CAF_CHECK_EQUAL(readyz_of(x, false).status, 200);
  CAF_CHECK(says(readyz_of(x, true), "[+] joined: as worker-3"));
  CAF_MESSAGE("what is asked of the store again and again is shown and changes nothing");
  x.status.store_trouble = "a record: no leader";
  CAF_CHECK_EQUAL(readyz_of(x, false).status, 200);
  CAF_CHECK(says(readyz_of(x, true), "[!] store: a record: no leader"));
  x.status.store_trouble = {};
  auto lacks = [](shown_life life, const std::string& what) {
    CAF_CHECK_EQUAL(readyz_of(life, false).status, 503);
    auto verbose = readyz_of(life, true);
    CAF_MESSAGE(verbose.body);
    return says(verbose, "[-] " + what);
  };
  auto y = x;
  y.status.applied = {};
  CAF_CHECK(lacks(y, "record: no record applied yet"));
  y = x;
  y.status.state = worker_state::claiming_id;
  CAF_CHECK(lacks(y, "session: claiming_id"));
  y.status.state = worker_state::shutdown;
  CAF_CHECK(lacks(y, "session: shutdown"));
  y.status.worker_id = {};
  CAF_CHECK(lacks(y, "joined: holds no worker id yet"));
  y = x;
  y.alive = false;
  y.why = "the worker did not answer within 2s";
  CAF_CHECK(lacks(y, "joined: the worker did not answer within 2s"));
  CAF_CHECK_EQUAL(livez_of(y).status, 503);
  CAF_CHECK_EQUAL(livez_of(x).status, 200);
}

CAF_TEST(a degraded worker is ready as long as it has its record) {
  auto x = ready_life();
  x.status.state = worker_state::degraded;
  CAF_CHECK_EQUAL(readyz_of(x, false).status, 200);
  x.status.applied = {};
  CAF_CHECK_EQUAL(readyz_of(x, false).status, 503);
}

CAF_TEST(a worker whose application is silent is alive and not ready) {
  shown_life x;
  x.alive = true;
  x.application_wanted = true;
  x.application_present = false;
  CAF_CHECK(says(readyz_of(x, true), "[-] application: has not called yet"));
  x.application_seen = true;
  CAF_CHECK(says(readyz_of(x, true), "[-] application: has not called for http.app_ttl"));
  CAF_CHECK_EQUAL(readyz_of(x, false).status, 503);
  CAF_CHECK_EQUAL(livez_of(x).status, 200);
}

CAF_TEST(an assignment is shown with tokens and what is to be released) {
  core::time_point now{1h};
  shown_assignment x;
  x.group = "orders";
  x.worker_id = {"worker-3"};
  x.state = "stable";
  x.version = 17;
  x.record = {{4}, {9}};
  x.last_event = 20;
  x.partitions = {{{{"orders", "7"}, 300}, {9}, "worker-2 left"}};
  x.revoking = {{{{{"orders", "8"}, 100}, {5}}, true, now + 250ms, {}}};
  x.until = now + 3250ms + 1us;
  auto all = json::parse(text_of(x, now).body);
  CAF_CHECK(all
            == json::parse(
                R"({"group":"orders","worker_id":"worker-3","state":"stable","version":17,
      "epoch":4,"record_version":9,"last_event":20,
      "valid_for_ms":3250,
      "partitions":[{"keys":["orders","7"],"name":"orders.7","weight":300,"token":9,
                     "reason":"worker-2 left"}],
      "revoking":[{"keys":["orders","8"],"name":"orders.8","weight":100,"token":5,
                   "lost":true,"time_left_ms":250}]})"));
  CAF_MESSAGE("and what to pull messages from");
  x.consumers = {"S", {{"orders.7", "g-7-5"}}};
  auto consumer = json::parse(text_of(x, now).body)["partitions"][0]["consumer"];
  CAF_CHECK(consumer == json::parse(R"({"stream":"S","name":"g-7-5"})"));
  CAF_MESSAGE("a deadline that has passed leaves no time, and none at all is null");
  auto left = [&] { return json::parse(text_of(x, now).body)["valid_for_ms"]; };
  x.until = now - 1ms;
  CAF_CHECK_EQUAL(left().dump(), "0");
  x.until.reset();
  CAF_CHECK(left().is_null());
}

CAF_TEST(a release that was not one is answered with what to do) {
  using result = core::work_ledger::release_result;
  released_work x;
  x.items = {{"a", {1}, result::released, {}}, {"b", {1}, result::already, {}}};
  CAF_CHECK_EQUAL(text_of(x).status, 200);
  x.items.push_back({"c", {1}, result::wrong_token, {7}});
  auto reply = text_of(x);
  CAF_CHECK_EQUAL(reply.status, 409);
  CAF_CHECK(says(reply, "its token is 7"));
  CAF_CHECK(says(reply, R"("result":"already")"));
}

CAF_TEST(events stand in the stream with their ids and what is left of the session) {
  shown_events x;
  x.events = {{5, "state", R"({"event":"state"})"}};
  core::time_point now{1h};
  auto shown = [&]() -> std::string { return stream_text_of(x, now); };
  CAF_CHECK_EQUAL(shown(), "id: 5\nevent: state\n"
                           "data: {\"event\":\"state\",\"valid_for_ms\":null}\n\n");
  x.until = now + 2s;
  CAF_CHECK(shown().ends_with("\"valid_for_ms\":2000}\n\n"));
  x.missed = true;
  CAF_CHECK(shown().starts_with("event: missed\ndata: {"));
}

CAF_TEST(events that an earlier session assigned are reported as missed) {
  core::time_point now{1h};
  shown_events x;
  x.until = now + 2s;
  x.session_begin = 4;
  x.events = {{3, "assigned", R"({"partitions":["a"]})"},
              {4, "lost", R"({"partitions":["a"]})"},
              {5, "assignment", R"({"partitions":["b"]})"},
              {6, "assigned", R"({"partitions":["b"]})"}};
  std::string news = stream_text_of(x, now);
  CAF_CHECK(news.starts_with("event: missed\n"));
  CAF_CHECK(news.ends_with("\n\nid: 4\nevent: lost\n"
                           "data: {\"partitions\":[\"a\"],\"valid_for_ms\":0}\n\n"
                           "id: 5\nevent: assignment\n"
                           "data: {\"partitions\":[\"b\"],\"valid_for_ms\":2000}\n\n"
                           "id: 6\nevent: assigned\n"
                           "data: {\"partitions\":[\"b\"],\"valid_for_ms\":2000}\n\n"));
  CAF_MESSAGE("the deadline of the present one passes");
  std::string late = stream_text_of(x, now + 2s);
  CAF_CHECK_EQUAL(late.find("\"b\""), std::string::npos);
  CAF_CHECK(late.find("event: lost\n") != std::string::npos);
  CAF_MESSAGE("that nothing is assigned any more may be known");
  x.events = {{7, "assignment", R"({"partitions":[],"added":[]})"}};
  std::string empty = stream_text_of(x, now + 2s);
  CAF_CHECK(empty.starts_with("id: 7\n"));
}

CAF_TEST(the ring keeps what is new and knows what is gone) {
  event_ring ring{100, 3, 1000};
  CAF_CHECK(ring.after(100).events.empty());
  for (auto i = 0; i < 5; ++i)
    ring.add("e", std::to_string(i));
  CAF_CHECK_EQUAL(ring.last_id(), 105u);
  auto two = ring.after(103);
  CAF_CHECK(!two.missed);
  CAF_REQUIRE_EQUAL(two.events.size(), 2u);
  CAF_CHECK_EQUAL(two.events[0].id, 104u);
  CAF_CHECK(!ring.after(102).missed);
  CAF_MESSAGE("event 102 is gone");
  auto missed = ring.after(101);
  CAF_CHECK(missed.missed);
  CAF_CHECK_EQUAL(missed.events.size(), 3u);
  CAF_CHECK(ring.after(1).missed);
  CAF_CHECK(ring.after(106).missed);
  CAF_CHECK(!ring.after(105).missed);
}

CAF_TEST(the ring keeps to its limit of bytes but always has the newest event) {
  event_ring ring{0, 100, 10};
  ring.add("e", std::string(6, 'x'));
  ring.add("e", std::string(6, 'y'));
  CAF_CHECK_EQUAL(ring.after(1).events.size(), 1u);
  CAF_CHECK(ring.after(0).missed);
  ring.add("e", std::string(50, 'z'));
  CAF_CHECK_EQUAL(ring.after(2).events.size(), 1u);
}

CAF_TEST_FIXTURE_SCOPE_END()
