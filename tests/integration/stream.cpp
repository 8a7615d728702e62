// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE integration.stream

#include "../support/nats_client.hpp"
#include "../support/nats_cluster.hpp"
#include "../support/nats_pull.hpp"
#include "../support/process.hpp"

#include <nlohmann/json.hpp>

#include <caf/test/unit_test.hpp>

using namespace partita::test;
using nlohmann::json;

namespace {

bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

/// A server, and the commands for a group whose partitions come from the stream ORDERS.
struct world {
  explicit world(std::filesystem::path program)
      : server{{.program = std::move(program)}} {}

  process_result type(std::vector<std::string> words) const {
    words.insert(words.end(), {"-c", config, "--timeout", "20s"});
    auto result = run_partita(words);
    CAF_MESSAGE(result.code << ": " << result.out << result.err);
    return result;
  }

  void refuses(std::vector<std::string> words, int code, const std::string& why) const {
    auto x = type(std::move(words));
    CAF_CHECK_EQUAL(x.code, code);
    CAF_CHECK(holds(x.err, why));
    CAF_CHECK(x.out.empty());
  }

  nats_server server;
  temporary_folder folder;
  std::string config =
      folder.file("g.toml", "group.name = 'g'\nnats.url = '" + server.url()
                                + "'\npartitions.stream = 'ORDERS'\n");
};

} // namespace

CAF_TEST(a stream of partitions is made and shown and not changed) {
  world w{nats_cluster::newest()};
  w.refuses({"stream", "check"}, 1, "`partita stream init` makes it");
  CAF_CHECK_EQUAL(w.type({"stream", "init", "orders.*", "4"}).code, 0);
  CAF_CHECK_EQUAL(w.type({"stream", "init", "orders.*", "4"}).code, 0);
  w.refuses({"stream", "init", "orders.*", "5"}, 1, "their order is lost");
  auto check = w.type({"stream", "check"});
  CAF_CHECK_EQUAL(check.code, 0);
  CAF_CHECK(holds(check.out, "orders.{{partition(4,1)}}.{{wildcard(1)}}"));
  auto shown = json::parse(w.type({"stream", "check", "--json"}).out);
  CAF_CHECK_EQUAL(shown["state"].get<std::string>(), "fits");
  CAF_CHECK_EQUAL(shown["partitions"].get<int>(), 4);
}

CAF_TEST(a transform that the server drops is named) {
  world w{{}};
  auto x = w.type({"stream", "init", "orders.*", "4"});
  if (x.code == 0)
    return; // The installed server is 2.10 or later.
  CAF_CHECK_EQUAL(x.code, 1);
  CAF_CHECK(holds(x.err, "has no subject transform") && holds(x.err, "`mappings`"));
}

CAF_TEST(messages without a partition in their subject refuse the transform) {
  world w{nats_cluster::newest()};
  nats_client admin{w.server.url()};
  admin.api("STREAM.CREATE.ORDERS",
            R"({"name":"ORDERS","subjects":["orders.*"],"storage":"file"})");
  w.refuses({"stream", "check"}, 1, "has no subject transform");
  admin.request("orders.a", "x");
  w.refuses({"stream", "init", "orders.*", "4"}, 1, "holds messages without a partition");
  admin.api("STREAM.PURGE.ORDERS");
  CAF_CHECK_EQUAL(w.type({"stream", "init", "orders.*", "4"}).code, 0);
}

CAF_TEST(the lag of the consumers of a group is shown) {
  world w{nats_cluster::newest()};
  w.refuses({"status", "--lag"}, 1, "stream not found");
  CAF_CHECK_EQUAL(w.type({"stream", "init", "orders.*", "1"}).code, 0);
  nats_client admin{w.server.url()};
  for (auto i = 0; i < 3; ++i)
    admin.request("orders.a", "x");
  // The second one begins as those of the group do, and is none of them.
  for (const auto* name : {"g-0-7", "g-tool", "other-0-7"})
    admin.api("CONSUMER.CREATE.ORDERS." + std::string{name},
              R"({"stream_name":"ORDERS","config":{"durable_name":")" + std::string{name}
                  + R"(","ack_policy":"explicit","filter_subject":""}})");
  auto first = pull(w.server.port(), "ORDERS", "g-0-7").reply;
  admin.request(first, "+ACK");
  auto lag = json::parse(w.type({"status", "--lag", "--json"}).out);
  CAF_REQUIRE_EQUAL(lag["consumers"].size(), 1u);
  const auto& x = lag["consumers"][0];
  CAF_CHECK_EQUAL(x["consumer"].get<std::string>(), "g-0-7");
  CAF_CHECK_EQUAL(x["partition"].get<std::string>(), "0");
  CAF_CHECK_EQUAL(x["token"].get<int>(), 7);
  CAF_CHECK_EQUAL(x["pending"].get<int>(), 2);
  CAF_CHECK_EQUAL(x["unacknowledged"].get<int>(), 0);
  CAF_CHECK_EQUAL(x["floor"].get<int>(), 1);
  CAF_CHECK(holds(w.type({"status", "--lag"}).out, "UNACKNOWLEDGED"));
}
