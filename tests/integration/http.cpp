// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE integration.http

#include "support/application.hpp"

#include "../support/eventually.hpp"

#include <caf/test/unit_test.hpp>

#include <httplib.h>

#include <atomic>
#include <thread>

using namespace partita::test;
using nlohmann::json;

namespace {

const std::vector<std::string> python = {"python3", "examples/sidecar/worker.py"};
const std::vector<std::string> node = {"node", "examples/sidecar/worker.mjs"};
const std::vector<std::string> shell = {"bash", "examples/sidecar/worker.sh"};

timings of_twelve() {
  timings result;
  result.partitions = 12;
  return result;
}

struct answer {
  int status = 0;
  std::string body;
};

answer get(const std::string& address, const std::string& path) {
  httplib::Client client{address};
  client.set_read_timeout(40s);
  auto result = client.Get(path);
  return result ? answer{result->status, result->body} : answer{};
}

answer post(const std::string& address, const std::string& path, const json& body) {
  httplib::Client client{address};
  auto result = client.Post(path, body.dump(), "application/json");
  return result ? answer{result->status, result->body} : answer{};
}

json assignment(const std::string& address, const std::string& parameters = "") {
  auto result = get(address, "/v1/assignment" + parameters);
  CAF_REQUIRE_EQUAL(result.status, 200);
  return json::parse(result.body);
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

/// The first event of that name that is still kept, or the next one.
json first_event(const std::string& address, const std::string& name) {
  std::string heard;
  auto head = "event: " + name + "\ndata: ";
  std::string line;
  httplib::Client client{address};
  client.set_read_timeout(40s);
  // No event has this number: all that are kept follow.
  client.Get("/v1/events?after=1", [&](const char* data, std::size_t size) {
    heard.append(data, size);
    auto begin = heard.find(head);
    auto end = begin == std::string::npos ? begin : heard.find("\n\n", begin);
    if (end == std::string::npos)
      return true;
    begin += head.size();
    line = heard.substr(begin, end - begin);
    return false;
  });
  CAF_REQUIRE(!line.empty());
  return json::parse(line);
}

struct fixture {
  process_group group{of_twelve()};
  work_log log{group.server().dir() / "work.log"};

  std::string start(const std::string& name, std::vector<std::string> more = {}) {
    more.insert(more.end(), {"--set", "http.listen=127.0.0.1:0"});
    auto old_log = group.log(name).size();
    group.start(name, more);
    return http_address(group, name, old_log);
  }

  /// A sidecar whose application has to release.
  std::string start_confirming(const std::string& name) {
    return start(name, {"--set", "http.confirm=true"});
  }

  void all_worked_on(const std::set<int>& who) {
    auto reached = log.wait(who, group.with().partitions);
    auto now = log.read();
    CAF_MESSAGE(now.violations);
    CAF_REQUIRE(now.violations.empty());
    if (!reached)
      for (const auto& [partition, pid] : now.works)
        CAF_MESSAGE(partition << " by " << pid);
    CAF_REQUIRE(reached);
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(http_tests, fixture)

CAF_TEST(examples in three languages share all work and hand it over) {
  application_process a{python, start_confirming("a"), log};
  application_process b{node, start_confirming("b"), log};
  application_process c{shell, start_confirming("c"), log};
  all_worked_on({a.pid(), b.pid(), c.pid()});
  CAF_MESSAGE("a fourth one gets some of each, after it was released");
  application_process d{python, start_confirming("d"), log};
  all_worked_on({a.pid(), b.pid(), c.pid(), d.pid()});
  group.require_rest();
  auto ended = log.read().ended;
  for (auto pid : {a.pid(), b.pid(), c.pid()})
    CAF_CHECK(ended.contains(pid));
  CAF_MESSAGE("a sidecar that is killed: its application stops by itself");
  group.kill("b");
  all_worked_on({a.pid(), c.pid(), d.pid()});
  CAF_MESSAGE("a sidecar that drains: others take over with its application's releases");
  CAF_CHECK_EQUAL(group.stop("c"), 0);
  all_worked_on({a.pid(), d.pid()});
  CAF_MESSAGE("a sidecar that comes back");
  application_process e{node, start_confirming("b"), log};
  all_worked_on({a.pid(), d.pid(), e.pid()});
}

CAF_TEST(an application stops by itself beside a worker that is frozen) {
  group.without_guard();
  application_process other{python, start_confirming("other"), log};
  for (const auto& program : {python, node, shell}) {
    application_process mine{program, start_confirming("a"), log};
    all_worked_on({mine.pid(), other.pid()});
    group.freeze("a");
    CAF_MESSAGE("it has stopped before the other one begins");
    all_worked_on({other.pid()});
    group.kill("a");
  }
}

CAF_TEST(a worker that was frozen names nothing of before) {
  group.without_guard();
  auto a = start("a");
  group.require_rest();
  auto before = assignment(a);
  CAF_REQUIRE_EQUAL(before["partitions"].size(), 12u);
  std::chrono::milliseconds left{before["valid_for_ms"].get<int>()};
  CAF_CHECK(left > 0ms && left <= group.with().ttl * 7 / 8);
  auto all_of = [](const auto& all) { return all.at("b").owns.size() == 12; };
  start("b");
  group.require_rest();
  before = assignment(a);
  auto poll = "/v1/assignment?wait=1s&version=" + before["version"].dump();
  std::atomic<int> begun = 0;
  std::vector<answer> answers(8);
  std::vector<std::thread> asking;
  for (auto i = 0u; i < answers.size(); ++i)
    asking.emplace_back([&, i] {
      ++begun;
      answers[i] = get(a, i % 2 == 0 ? poll : "/v1/assignment");
    });
  CAF_CHECK(eventually(20s, [&] { return begun == 8; }));
  group.freeze("a");
  CAF_MESSAGE("more ask while it stands still");
  std::vector<answer> late(4);
  for (auto& x : late)
    asking.emplace_back([&] { x = get(a, "/v1/assignment"); });
  CAF_REQUIRE(group.journal().wait(all_of));
  group.thaw("a");
  for (auto& x : asking)
    x.join();
  answers.insert(answers.end(), late.begin(), late.end());
  auto newest = before["partitions"][0]["token"];
  for (const auto& x : before["partitions"])
    newest = std::max(newest, x["token"]);
  for (const auto& x : answers) {
    if (x.status != 200)
      continue;
    CAF_MESSAGE(x.body);
    auto shown = json::parse(x.body);
    // What was answered before it froze was right then.
    if (shown["version"] == before["version"] && &x < &answers[8])
      continue;
    for (const auto& y : shown["partitions"])
      CAF_CHECK(y["token"] > newest);
  }
}

CAF_TEST(an application that is killed and comes back goes on where it was) {
  auto address = start_confirming("a");
  application_process other{node, start_confirming("b"), log};
  {
    application_process first{shell, address, log};
    all_worked_on({first.pid(), other.pid()});
    first.kill();
  }
  application_process second{python, address, log};
  CAF_CHECK(eventually(20s, [&] {
    std::size_t mine = 0;
    for (const auto& [partition, pid] : log.read().works)
      mine += pid == second.pid() ? 1 : 0;
    return mine == 6;
  }));
}

CAF_TEST(a partition moves only once its application has released it) {
  auto a = start_confirming("a");
  group.require_rest();
  auto before = assignment(a);
  // It leads, and its records may have been written before it was notified of that.
  CAF_CHECK(eventually(20s, [&] {
    before = assignment(a);
    return before["state"] == "stable";
  }));
  CAF_CHECK_EQUAL(before["partitions"].size(), 12u);
  auto reason_of = [](const json& x) { return x.value("reason", ""); };
  CAF_CHECK_EQUAL(reason_of(before["partitions"][0]), "first plan");
  auto b = start_confirming("b");
  auto version = before["version"].dump();
  CAF_MESSAGE("the long poll ends with the news");
  auto begin = std::chrono::steady_clock::now();
  auto news = assignment(a, "?version=" + version + "&wait=30s");
  CAF_CHECK(std::chrono::steady_clock::now() - begin < 25s);
  CAF_REQUIRE_EQUAL(news["revoking"].size(), 6u);
  CAF_CHECK_EQUAL(news["partitions"].size(), 6u);
  CAF_CHECK(news["version"] > before["version"]);
  auto b_joined = group.id_of("b") + " joined";
  CAF_CHECK_EQUAL(reason_of(news["revoking"][0]), b_joined);
  CAF_CHECK_EQUAL(reason_of(news["partitions"][0]), "first plan");
  CAF_MESSAGE("a release under a wrong token releases nothing");
  const auto& first = news["revoking"][0];
  json item = {{"partition", first["name"]},
               {"token", first["token"].get<std::uint64_t>() + 1}};
  CAF_CHECK_EQUAL(post(a, "/v1/released", item).status, 409);
  CAF_CHECK_EQUAL(assignment(a)["revoking"].size(), 6u);
  CAF_CHECK(assignment(b)["partitions"].empty());
  auto items = json::array();
  for (const auto& x : news["revoking"])
    items.push_back({{"partition", x["name"]}, {"token", x["token"]}});
  CAF_CHECK_EQUAL(post(a, "/v1/released", items).status, 200);
  CAF_CHECK_EQUAL(post(a, "/v1/released", items).status, 200);
  CAF_CHECK(eventually(20s, [&] { return assignment(b)["partitions"].size() == 6; }));
  // A temporary's member would not live as long as the loop.
  auto theirs = assignment(b);
  for (const auto& x : theirs["partitions"]) {
    CAF_CHECK(x["token"] > first["token"]);
    CAF_CHECK_EQUAL(reason_of(x), b_joined);
  }
  CAF_MESSAGE("events give the same reasons");
  auto all_for = [&](const json& event, const std::string& reason) {
    CAF_CHECK(!event["partitions"].empty());
    for (const auto& x : event["partitions"])
      CAF_CHECK_EQUAL(reason_of(x), reason);
  };
  all_for(first_event(a, "assigned"), "first plan");
  all_for(first_event(a, "revoked"), b_joined);
  all_for(first_event(b, "assigned"), b_joined);
}

CAF_TEST(events are followed and resumed where they were left) {
  auto a = start("a");
  group.require_rest();
  auto last = assignment(a)["last_event"].get<std::uint64_t>();
  std::atomic<bool> hears = false;
  auto follow = [&](const std::string& path, const std::string& until) {
    std::string heard;
    httplib::Client client{a};
    client.set_read_timeout(40s);
    client.Get(path, [&](const char* data, std::size_t size) {
      heard.append(data, size);
      hears = true;
      return !contains(heard, until);
    });
    return heard;
  };
  CAF_MESSAGE("from an event that is still kept");
  auto from = std::to_string(last - 1);
  auto one = follow("/v1/events?after=" + from, "\n\n");
  CAF_CHECK(contains(one, "id: " + std::to_string(last) + "\nevent: "));
  CAF_MESSAGE("and on, until the worker has stopped");
  hears = false;
  std::string rest;
  std::thread reader{
      [&] { rest = follow("/v1/events?after=" + from, "event: stopped\n"); }};
  CAF_CHECK(eventually(20s, [&] { return hears.load(); }));
  group.tell_to_stop("a");
  CAF_CHECK_EQUAL(group.wait_for_end("a"), 0);
  reader.join();
  CAF_MESSAGE(rest);
  CAF_CHECK(contains(rest, "event: revoked\ndata: {"));
}

CAF_TEST(a worker is alive and not ready while its server is away) {
  auto a = start("a");
  group.require_rest();
  CAF_CHECK_EQUAL(get(a, "/livez").status, 200);
  CAF_CHECK_EQUAL(get(a, "/readyz").status, 200);
  group.server().stop();
  CAF_CHECK(eventually(20s, [&] { return get(a, "/readyz").status == 503; }));
  auto verbose = get(a, "/readyz?verbose").body;
  CAF_MESSAGE(verbose);
  CAF_CHECK(contains(verbose, "[-] record"));
  CAF_CHECK_EQUAL(get(a, "/livez").status, 200);
  group.server().restart();
  CAF_CHECK(eventually(30s, [&] { return get(a, "/readyz").status == 200; }));
}

CAF_TEST(a worker takes part only while its application calls) {
  start("other");
  group.require_rest();
  auto a = start("a", {"--set", "http.app_ttl=1s", "--set", "http.confirm=true"});
  CAF_MESSAGE("the application has not called: no worker, though probes call");
  CAF_CHECK_EQUAL(get(a, "/livez").status, 200);
  auto verbose = get(a, "/readyz?verbose");
  CAF_CHECK_EQUAL(verbose.status, 503);
  CAF_CHECK(contains(verbose.body, "[-] application: has not called yet"));
  CAF_MESSAGE("it calls");
  CAF_CHECK(eventually(30s, [&] { return assignment(a)["partitions"].size() == 6; }));
  CAF_CHECK_EQUAL(get(a, "/readyz").status, 200);
  CAF_MESSAGE("it falls silent, and its partitions go to others without a release");
  CAF_CHECK(group.journal().wait([](const auto& all) {
    return all.at("a").stopped && all.at("other").owns.size() == 12;
  }));
  CAF_CHECK(contains(group.log("a"), "has not called for 1s"));
  CAF_CHECK_EQUAL(get(a, "/livez").status, 200);
  CAF_CHECK(contains(get(a, "/readyz?verbose").body, "has not called for http.app_ttl"));
  CAF_MESSAGE("it is back");
  CAF_CHECK(eventually(30s, [&] { return assignment(a)["partitions"].size() == 6; }));
  CAF_CHECK(contains(group.log("a"), "calls again"));
  CAF_CHECK_EQUAL(group.stop("a"), 0);
}

CAF_TEST(a port that is taken is reported before anything is begun) {
  auto a = start("a");
  group.start("b", {"--set", "http.listen=" + a.substr(std::string{"http://"}.size())});
  CAF_CHECK_EQUAL(group.wait_for_end("b"), 1);
  auto said = group.log("b");
  CAF_CHECK(contains(said, "Address already in use; set http.listen"));
  CAF_CHECK(!contains(said, "joining group"));
}

CAF_TEST_FIXTURE_SCOPE_END()
