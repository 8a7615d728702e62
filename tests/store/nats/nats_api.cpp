// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE store.nats_api

#include "partita/store/nats/client/api.hpp"
#include "partita/store/nats/client/server_info.hpp"
#include "partita/store/nats/client/subjects.hpp"
#include "partita/store/nats/nats_requests.hpp"

#include <nlohmann/json.hpp>

#include <caf/test/unit_test.hpp>

using namespace partita;
using namespace partita::store;
using namespace std::chrono_literals;

namespace {

nats_outcome answer(std::string text) {
  nats_outcome x;
  x.what = nats_outcome::kind::answered;
  x.answer.data = std::move(text);
  return x;
}

nats_outcome outcome(nats_outcome::kind what) {
  return {what, {}, "a reason"};
}

std::string error(int code, int err_code) {
  return nlohmann::json{
      {"error", {{"code", code}, {"err_code", err_code}, {"description", "words"}}}}
      .dump();
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

} // namespace

CAF_TEST(the reply subject of a delivery is read in all its forms) {
  for (auto text : {"$JS.ACK.KV_b.c.1.42.7.1700000000000000001.3",
                    "$JS.ACK.hub.ACC.KV_b.c.1.42.7.1700000000000000001.3",
                    "$JS.ACK._.ACC.KV_b.c.1.42.7.1700000000000000001.3.random"}) {
    auto x = nats::parse_delivery(text);
    CAF_REQUIRE(x);
    CAF_CHECK(x->stream == "KV_b");
    CAF_CHECK(x->consumer == "c");
    CAF_CHECK_EQUAL(x->stream_sequence, 42u);
    CAF_CHECK_EQUAL(x->consumer_sequence, 7u);
    CAF_CHECK_EQUAL(x->stored_at_ns, 1700000000000000001);
  }
  for (auto text : {"", "_INBOX.a", "$JS.ACK.KV_b.c.1.42.7.1", "$JS.ACK.s.c.1.x.7.1.3",
                    "$JS.ACK.1.2.3.4.5.6.7.8", "$JS.FC.KV_b.c.x"})
    CAF_CHECK(!nats::parse_delivery(text));
}

CAF_TEST(names of streams are asked for piece by piece) {
  CAF_CHECK_EQUAL(nats::stream_names_request(1024), R"({"offset":1024})");
  auto found = nats::parse_stream_names(
      R"({"total":3,"offset":0,"limit":1024,"streams":["KV_a","b"]})");
  CAF_REQUIRE(std::holds_alternative<nats::stream_names>(found));
  auto& x = std::get<nats::stream_names>(found);
  CAF_CHECK(x.names == (std::vector<std::string>{"KV_a", "b"}));
  CAF_CHECK_EQUAL(x.total, 3u);
  found = nats::parse_stream_names(R"({"total":0,"streams":null})");
  CAF_REQUIRE(std::holds_alternative<nats::stream_names>(found));
  CAF_CHECK(std::get<nats::stream_names>(found).names.empty());
  for (auto text : {"", "[]", R"({"error":{"code":503,"description":"x"}})"})
    CAF_CHECK(std::holds_alternative<nats::api_error>(nats::parse_stream_names(text)));
}

CAF_TEST(keys and subjects belong together) {
  CAF_CHECK_EQUAL(nats::subject_of("b", "a.c"), "$KV.b.a.c");
  CAF_CHECK(nats::key_in("b", "$KV.b.a.c") == "a.c");
  for (auto other : {"$KV.bb.a", "$KV.b", "$KX.b.a", ""})
    CAF_CHECK(nats::key_in("b", other).empty());
}

CAF_TEST(a missing permission names its subject) {
  auto x = nats::parse_violation("Permissions Violation for Publish to \"$KV.b.key\"");
  CAF_REQUIRE(x);
  CAF_CHECK(x->publish);
  CAF_CHECK_EQUAL(x->subject, "$KV.b.key");
  CAF_CHECK_EQUAL(x->wanted, R"(publish: "$KV.b.>")");
  x = nats::parse_violation("Permissions Violation for Subscription to \"_INBOX.a.b\"");
  CAF_REQUIRE(x);
  CAF_CHECK(!x->publish);
  CAF_CHECK_EQUAL(x->wanted, R"(subscribe: "_INBOX.>")");
  CAF_CHECK(!nats::parse_violation("Stale Connection"));
  for (auto [subject, wanted] :
       {std::pair{"$KV.b.history.1.2", R"(publish: "$KV.b.>")"},
        {"_INBOX.a.r.1.7", "allow_responses: true"},
        {"partita.probe.0f", R"(publish: "partita.probe.>")"},
        {"$JS.FC.KV_b.x.y", R"(publish: "$JS.FC.>")"},
        {"$JS.API.CONSUMER.DELETE.KV_b.Xy1",
         R"(publish: "$JS.API.CONSUMER.DELETE.KV_b.>")"},
        {"$JS.API.CONSUMER.CREATE.KV_b", R"(publish: "$JS.API.CONSUMER.CREATE.KV_b")"},
        {"$JS.API.STREAM.MSG.GET.KV_b", R"(publish: "$JS.API.STREAM.MSG.GET.KV_b")"}}) {
    auto y = nats::parse_violation("Permissions Violation for Publish to \""
                                   + std::string{subject} + '"');
    CAF_REQUIRE(y);
    CAF_CHECK_EQUAL(y->wanted, wanted);
  }
}

CAF_TEST(another prefix of the API is put before requests and writes) {
  for (const std::string api : {"$JS.hub.API", "other.account"}) {
    for (auto [subject, address] : {std::pair<std::string, std::string>{
                                        "$JS.API.STREAM.INFO.KV_b", ".STREAM.INFO.KV_b"},
                                    {"$KV.b.a.c", ".$KV.b.a.c"}}) {
      CAF_CHECK_EQUAL(nats::with_api_prefix(api, subject), api + address);
      CAF_CHECK_EQUAL(nats::without_api_prefix(api, api + address), subject);
      CAF_CHECK_EQUAL(nats::with_api_prefix("$JS.API", subject), subject);
      CAF_CHECK_EQUAL(nats::without_api_prefix("$JS.API", subject), subject);
    }
    for (const std::string other :
         {"$JS.FC.KV_b.x", "partita.probe.0f", "_INBOX.a.r.1.7"}) {
      CAF_CHECK_EQUAL(nats::with_api_prefix(api, other), other);
      CAF_CHECK_EQUAL(nats::without_api_prefix(api, other), other);
    }
  }
  auto x = nats::parse_violation(
      "Permissions Violation for Publish to \"$JS.hub.API.$KV.b.key\"");
  CAF_REQUIRE(x);
  CAF_CHECK_EQUAL(x->wanted, R"(publish: "$JS.hub.API.$KV.b.>")");
}

CAF_TEST(an inbox has any prefix and its last tokens say which request is answered) {
  for (const std::string prefix : {"", "_INBOX_me", "a.b.c"}) {
    auto inbox = nats::random_inbox(prefix);
    CAF_CHECK(inbox.starts_with((prefix.empty() ? "_INBOX" : prefix) + '.'));
    CAF_CHECK_NOT_EQUAL(inbox, nats::random_inbox(prefix));
    auto request = nats::request_in(inbox + ".r.12.34");
    CAF_REQUIRE(request);
    CAF_CHECK_EQUAL(request->first, 12u);
    CAF_CHECK_EQUAL(request->second, 34u);
    auto x = nats::parse_violation("Permissions Violation for Subscription to \"" + inbox
                                   + ".d.1.2\"");
    CAF_REQUIRE(x);
    CAF_CHECK_EQUAL(x->wanted,
                    "subscribe: \"" + (prefix.empty() ? "_INBOX" : prefix) + ".>\"");
  }
  for (auto other : {"", "a", ".r.", ".r.1", "a.r.1.x", "a.r.x.1", "a.r.1.", "a.r.1.2.3",
                     "r.1.2", "a.d.1.2"})
    CAF_CHECK(!nats::request_in(other));
}

CAF_TEST(base64 is read with and without padding) {
  CAF_CHECK_EQUAL(nats::from_base64("").value_or("-"), "");
  CAF_CHECK_EQUAL(nats::from_base64("Zm9vYmE=").value_or("-"), "fooba");
  CAF_CHECK_EQUAL(nats::from_base64("Zm9vYg").value_or("-"), "foob");
  CAF_CHECK(nats::from_base64("AP/+").value_or("-") == std::string("\0\xff\xfe", 3));
  CAF_CHECK(!nats::from_base64("Zm9v!"));
  CAF_CHECK(!nats::from_base64("Zm9vY"));
}

CAF_TEST(times are read to the nanosecond) {
  auto is = [](const char* text, std::int64_t ns) {
    CAF_MESSAGE(text);
    CAF_CHECK_EQUAL(nats::from_rfc3339(text).value_or(-1), ns);
  };
  is("1970-01-01T00:00:00Z", 0);
  is("0001-01-01T00:00:00Z", 0);
  is("1969-12-31T23:59:59.9Z", 0);
  is("2262-04-11T23:47:15Z", 9223372035000000000);
  is("2024-02-29T12:00:00.5Z", 1709208000500000000);
  is("2024-02-29T12:00:00.123456789Z", 1709208000123456789);
  is("2024-02-29T13:30:00+01:30", 1709208000000000000);
  is("2024-02-29T10:30:00-01:30", 1709208000000000000);
  for (auto text : {"", "2262-04-11T23:47:16Z", "9999-12-31T23:59:59Z",
                    "2024-02-30T12:00:00Z", "2024-02-29T12:00:00", "2024-2-29T1:00:00Z",
                    "2024-02-29T12:00:00.Z", "2024-02-29T12:00:00Zx"})
    CAF_CHECK(!nats::from_rfc3339(text));
}

CAF_TEST(a header block is read line by line) {
  auto x = nats::parse_headers("NATS/1.0\r\nKV-Operation: DEL\r\nA:b:c\r\n\r\n");
  CAF_CHECK(nats::find_header(x, "KV-Operation") == "DEL");
  CAF_CHECK(nats::find_header(x, "A") == "b:c");
  CAF_CHECK(nats::find_header(x, "B").empty());
}

CAF_TEST(marks of all kinds are removals) {
  CAF_CHECK(nats::is_removal({{"KV-Operation", "DEL"}}));
  CAF_CHECK(nats::is_removal({{"KV-Operation", "PURGE"}}));
  CAF_CHECK(nats::is_removal({{"Nats-Marker-Reason", "MaxAge"}}));
  CAF_CHECK(!nats::is_removal({{"KV-Operation", "PUT"}}));
  CAF_CHECK(!nats::is_removal({}));
}

CAF_TEST(a bucket is made like other clients make it) {
  auto x = nlohmann::json::parse(
      nats::create_stream_request({.bucket = "b", .ttl = 6s, .replicas = 3}));
  CAF_CHECK_EQUAL(x["name"].get<std::string>(), "KV_b");
  CAF_CHECK_EQUAL(x["subjects"].dump(), R"(["$KV.b.>"])");
  CAF_CHECK_EQUAL(x["max_msgs_per_subject"].get<int>(), 1);
  CAF_CHECK_EQUAL(x["max_age"].get<std::int64_t>(), 6'000'000'000);
  CAF_CHECK_EQUAL(x["duplicate_window"].get<std::int64_t>(), 6'000'000'000);
  CAF_CHECK_EQUAL(x["num_replicas"].get<int>(), 3);
  CAF_CHECK_EQUAL(x["discard"].get<std::string>(), "new");
  CAF_CHECK_EQUAL(x["storage"].get<std::string>(), "file");
  for (auto flag : {"allow_direct", "allow_rollup_hdrs", "deny_delete"})
    CAF_CHECK(x[flag].get<bool>());
  auto eternal = nlohmann::json::parse(nats::create_stream_request({.bucket = "b"}));
  CAF_CHECK_EQUAL(eternal["max_age"].get<std::int64_t>(), 0);
  CAF_CHECK_EQUAL(eternal["duplicate_window"].get<std::int64_t>(), 120'000'000'000);
}

CAF_TEST(a watch of a whole bucket makes the server search nothing) {
  nats::consumer_options wanted;
  wanted.stream = "KV_b";
  auto config = [&] {
    return nlohmann::json::parse(nats::create_consumer_request(wanted))["config"];
  };
  CAF_CHECK_EQUAL(config()["deliver_policy"].get<std::string>(), "all");
  CAF_CHECK(!config().contains("filter_subject"));
  wanted.filter = "$KV.b.p.>";
  CAF_CHECK_EQUAL(config()["deliver_policy"].get<std::string>(), "last_per_subject");
  CAF_CHECK_EQUAL(config()["filter_subject"].get<std::string>(), wanted.filter);
}

CAF_TEST(every difference that matters is named) {
  nats::stream_options wanted{.bucket = "b", .ttl = 6s};
  const auto good = nlohmann::json::parse(nats::create_stream_request(wanted));
  CAF_CHECK_EQUAL(nats::differences(wanted, good.dump()), "");
  auto says = [&](auto change, const char* text) {
    auto found = good;
    change(found);
    CAF_CHECK_EQUAL(nats::differences(wanted, found.dump()), text);
  };
  says([](auto& x) { x["max_age"] = 0; }, "ttl is none instead of 6000 ms");
  says([](auto& x) { x["max_msgs_per_subject"] = 5; }, "history is 5 instead of 1");
  says([](auto& x) { x["storage"] = "memory"; }, "storage is memory instead of file");
  says([](auto& x) { x["subjects"] = {"a"}; }, "subjects is a instead of $KV.b.>");
  says([](auto& x) { x["mirror"] = "a"; }, "source is another stream instead of none");
  says([](auto& x) { x["sealed"] = true; }, "sealed is true instead of false");
  CAF_MESSAGE("more copies than asked for are fine, fewer are not");
  says([](auto& x) { x["num_replicas"] = 3; }, "");
  wanted.replicas = 3;
  says([](auto& x) { x["num_replicas"] = 1; }, "replicas is 1 instead of 3");
}

CAF_TEST(what the server says of a write has one meaning) {
  auto written = [](const nats_outcome& x) { return written_from(x, "b", "key"); };
  auto status = [&](const nats_outcome& x) { return written(x).status; };
  auto done = written(answer(R"({"stream":"KV_b","seq":7})"));
  CAF_CHECK_EQUAL(done.status, write_status::done);
  CAF_CHECK_EQUAL(done.revision.value, 7u);
  CAF_CHECK_EQUAL(status(answer(error(400, 10071))), write_status::conflict);
  for (auto code : {10054, 10060})
    CAF_CHECK_EQUAL(status(answer(error(400, code))), write_status::refused);
  CAF_MESSAGE("a limit is a decision, though the server calls it an error of its own");
  for (auto code : {10002, 10047, 10077})
    CAF_CHECK_EQUAL(status(answer(error(503, code))), write_status::refused);
  CAF_CHECK(has(written(answer(error(503, 10077))).why, "raise max_bytes of the stream"));
  CAF_MESSAGE("another write under way may be an earlier try of our own");
  CAF_CHECK_EQUAL(status(answer(error(400, 10164))), write_status::unknown);
  CAF_MESSAGE("a server in trouble, or an answer without sense, settles nothing");
  CAF_CHECK_EQUAL(status(answer(error(503, 10008))), write_status::unknown);
  CAF_CHECK_EQUAL(status(answer("what")), write_status::unknown);
  CAF_CHECK_EQUAL(status(answer("{}")), write_status::unknown);
  CAF_CHECK_EQUAL(status(outcome(nats_outcome::kind::unknown)), write_status::unknown);
  CAF_CHECK_EQUAL(status(outcome(nats_outcome::kind::not_connected)),
                  write_status::not_connected);
  CAF_CHECK_EQUAL(status(outcome(nats_outcome::kind::refused)), write_status::refused);
  CAF_MESSAGE("a foreign stream took it");
  auto stolen = written(answer(R"({"stream":"OTHER","seq":7})"));
  CAF_CHECK_EQUAL(stolen.status, write_status::refused);
  CAF_CHECK(has(stolen.why, "OTHER"));
}

CAF_TEST(what the leader of a stream says of a key has one meaning) {
  auto found =
      read_from(answer(R"({"message":{"subject":"$KV.b.a.b","seq":3,"data":"AP8=",)"
                       R"("time":"2024-02-29T12:00:00.5Z"}})"),
                "b");
  CAF_REQUIRE_EQUAL(found.status, read_status::found);
  CAF_CHECK_EQUAL(found.entry.key, "a.b");
  CAF_CHECK(found.entry.value == std::string("\0\xff", 2));
  CAF_CHECK_EQUAL(found.entry.revision.value, 3u);
  CAF_CHECK_EQUAL(found.entry.stored_at_ns, 1709208000500000000);
  CAF_CHECK(!found.entry.removed);
  auto status = [](const nats_outcome& x) { return read_from(x, "b").status; };
  CAF_CHECK_EQUAL(status(answer(error(404, 10037))), read_status::missing);
  CAF_CHECK_EQUAL(status(answer(error(404, 10059))), read_status::refused);
  CAF_CHECK_EQUAL(status(answer(error(503, 10008))), read_status::unknown);
  CAF_CHECK_EQUAL(status(answer("[]")), read_status::unknown);
  CAF_CHECK_EQUAL(status(outcome(nats_outcome::kind::not_connected)),
                  read_status::not_connected);
}

CAF_TEST(a server that keeps a stream alone is known by its id) {
  auto info = [](const std::string& more) {
    return *nats::parse_server_info(R"(INFO {"version":"2.9.10","server_id":"NA",)"
                                    R"("server_name":"box")"
                                    + more + "}");
  };
  auto stream = [](const std::string& more, const char* copies = "1") {
    return std::get<nats::stream_info>(nats::parse_stream(
        R"({"created":"2026-11-28T10:00:00Z","config":{"num_replicas":)"
        + std::string{copies} + "}" + more + "}"));
  };
  const auto alone = info(R"(,"jetstream":true)");
  CAF_CHECK_EQUAL(nats::only_keeper(alone, stream("")), "NA");
  CAF_CHECK_EQUAL(nats::only_keeper(alone, stream(R"(,"cluster":{"leader":"box"})")),
                  "NA");
  CAF_MESSAGE("one of a cluster, with a domain, or a leaf node without JetStream");
  for (const auto* more : {R"(,"jetstream":true,"cluster":"c")",
                           R"(,"jetstream":true,"domain":"d")", "", R"(,"jetstream":1)"})
    CAF_CHECK_EQUAL(nats::only_keeper(info(more), stream("")), "");
  CAF_MESSAGE("a stream with copies, of another domain, or kept elsewhere");
  CAF_CHECK_EQUAL(nats::only_keeper(alone, stream("", "3")), "");
  for (const auto* more :
       {R"(,"domain":"hub")", R"(,"cluster":{"name":"c","leader":"box"})",
        R"(,"cluster":{"leader":"hub"})"})
    CAF_CHECK_EQUAL(nats::only_keeper(alone, stream(more)), "");
  CAF_MESSAGE("what is not known yet");
  CAF_CHECK_EQUAL(nats::only_keeper({}, stream("")), "");
}

CAF_TEST(the first line of a connection tells the version of the server) {
  auto x = nats::parse_server_info(R"(INFO {"version":"2.9.10","cluster":"c"} )");
  CAF_REQUIRE(x);
  CAF_CHECK_EQUAL(x->version, "2.9.10");
  CAF_CHECK(!x->cluster.empty());
  x = nats::parse_server_info(R"(INFO {"version":"2.10.0"})");
  CAF_CHECK(x && x->cluster.empty());
  CAF_CHECK(!nats::parse_server_info("-ERR"));
  CAF_CHECK(nats::is_older("2.9.10", "2.9.21"));
  CAF_CHECK(!nats::is_older("2.9.21", "2.9.21"));
  CAF_CHECK(!nats::is_older("2.10.1-beta", "2.9.21"));
  CAF_CHECK(!nats::is_older("unknown", "2.9.21"));
}
