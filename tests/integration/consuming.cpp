// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE integration.consuming

#include "support/application.hpp"

#include "../support/eventually.hpp"
#include "../support/nats_client.hpp"
#include "../support/nats_pull.hpp"

#include <caf/test/unit_test.hpp>

#include <httplib.h>

using namespace partita::test;
using nlohmann::json;

namespace {

constexpr std::size_t partitions = 6;

timings of_six() {
  timings result;
  result.partitions = partitions;
  return result;
}

/// Takes each message of a partition once, in order, from the owner with the greatest token.
struct sink {
  std::uint64_t token = 0;
  std::vector<std::uint64_t> sequences;
  std::size_t repeated = 0;
  std::size_t stale = 0;
};

/// What an application works on.
struct job {
  std::string partition;
  std::uint64_t token = 0;
  std::string consumer;
};

/// A group that consumes a stream, its applications and their sinks, all in this process.
struct fixture {
  process_group group{of_six()};
  nats_client nats{group.server().url()};
  std::map<std::string, std::string> addresses;
  std::map<std::string, sink> sinks;
  /// By partition: what was published.
  std::map<std::string, std::vector<std::uint64_t>> published;

  fixture() {
    nats.api("STREAM.CREATE.ORDERS", R"({"name":"ORDERS","subjects":["orders.>"]})");
  }

  void start(const std::string& name, const std::vector<std::string>& more = {}) {
    std::vector<std::string> arguments{"--set", "consume.stream=ORDERS",
                                       "--set", "consume.subject=orders.{partition}.>",
                                       "--set", "http.listen=127.0.0.1:0"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    group.start(name, arguments);
    addresses[name] = http_address(group, name);
  }

  void publish() {
    for (std::size_t i = 0; i < partitions; ++i) {
      auto partition = "p." + std::to_string(i);
      auto ack = json::parse(nats.request("orders." + partition + ".x", "m").data);
      published[partition].push_back(ack.at("seq").get<std::uint64_t>());
    }
  }

  std::vector<job> jobs_of(const std::string& name) {
    httplib::Client client{addresses.at(name)};
    auto answer = client.Get("/v1/assignment");
    std::vector<job> result;
    auto body = json::parse(answer && answer->status == 200 ? answer->body : "{}");
    if (body.contains("partitions"))
      for (const auto& x : body["partitions"])
        if (x.contains("consumer"))
          result.push_back({x.at("name"), x.at("token"), x.at("consumer").at("name")});
    return result;
  }

  /// Pulls one message, works, and acknowledges; false: there is none.
  bool work(const job& x, bool acknowledges = true) {
    auto message = pull(group.server().port(), "ORDERS", x.consumer);
    if (message.reply.empty())
      return false;
    // $JS.ACK.<stream>.<consumer>.<delivered>.<stream sequence>. and more
    std::vector<std::string> parts;
    std::istringstream in{message.reply};
    for (std::string part; std::getline(in, part, '.');)
      parts.push_back(part);
    auto sequence = std::stoull(parts.at(5));
    auto& to = sinks[x.partition];
    if (x.token < to.token) {
      ++to.stale;
      return true;
    }
    to.token = x.token;
    if (!to.sequences.empty() && sequence <= to.sequences.back())
      ++to.repeated;
    else
      to.sequences.push_back(sequence);
    if (acknowledges)
      nats.request(message.reply, "+ACK");
    return true;
  }

  void work_all() {
    for (const auto& [name, address] : addresses)
      for (const auto& x : jobs_of(name))
        for (int i = 0; i < 3 && work(x); ++i)
          publish_some();
  }

  void publish_some() {
    if (published["p.0"].size() < 200)
      publish();
  }

  bool all_stored() {
    for (const auto& [partition, all] : published)
      if (sinks[partition].sequences != all)
        return false;
    return true;
  }

  void gone(const std::string& name) { addresses.erase(name); }

  std::size_t consumers() {
    auto answer = nats.request("$JS.API.CONSUMER.NAMES.ORDERS");
    return json::parse(answer.data).at("total").get<std::size_t>();
  }

  /// Works until everything is in the sinks.
  void require_all_stored() {
    auto done = eventually(90s, [&] {
      work_all();
      return all_stored();
    });
    for (const auto& [partition, all] : published)
      CAF_MESSAGE(partition << ": " << sinks[partition].sequences.size() << " of "
                            << all.size() << " stored, " << sinks[partition].repeated
                            << " repeated");
    CAF_REQUIRE(done);
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(consuming_tests, fixture)

CAF_TEST(every message is stored once and in order through moves and a kill) {
  start("a");
  publish();
  require_all_stored();
  CAF_MESSAGE("a second worker gets half of the partitions");
  start("b");
  CAF_REQUIRE(eventually(60s, [&] {
    work_all();
    return jobs_of("b").size() == partitions / 2;
  }));
  publish();
  require_all_stored();
  CAF_MESSAGE("it is killed with a message under work");
  auto before = jobs_of("b");
  publish();
  for (const auto& x : before)
    work(x, false);
  gone("b");
  group.kill("b");
  require_all_stored();
  CAF_REQUIRE(eventually(60s, [&] { return jobs_of("a").size() == partitions; }));
  CAF_MESSAGE("what it had prepared reaches no consumer any more");
  for (const auto& x : before)
    CAF_CHECK(eventually(30s, [&] {
      auto answer = nats.request("$JS.API.CONSUMER.INFO.ORDERS." + x.consumer);
      return json::parse(answer.data).contains("error");
    }));
  CAF_MESSAGE("a third one takes over all");
  start("c");
  group.tell_to_stop("a");
  CAF_REQUIRE(eventually(60s, [&] {
    work_all();
    return jobs_of("c").size() == partitions;
  }));
  gone("a");
  CAF_CHECK_EQUAL(group.wait_for_end("a"), 0);
  publish();
  require_all_stored();
  CAF_CHECK(eventually(30s, [&] { return consumers() == partitions; }));
}

CAF_TEST(a stream that is missing is named and waited for) {
  nats.api("STREAM.DELETE.ORDERS");
  start("a");
  CAF_REQUIRE(eventually(30s, [&] {
    return group.log("a").find("no consumer: partition p.0") != std::string::npos;
  }));
  CAF_CHECK(jobs_of("a").empty());
  nats.api("STREAM.CREATE.ORDERS", R"({"name":"ORDERS","subjects":["orders.>"]})");
  CAF_CHECK(eventually(60s, [&] { return jobs_of("a").size() == partitions; }));
}

CAF_TEST_FIXTURE_SCOPE_END()
