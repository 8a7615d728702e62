// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE integration.limits

#include "support/group.hpp"

#include "../support/eventually.hpp"
#include "../support/nats_client.hpp"

#include <nlohmann/json.hpp>

#include <caf/test/unit_test.hpp>

using namespace partita::test;

namespace {

const std::string no_limit{"authorization { user: me, password: p }"};

/// A group on a server of this configuration.
struct limited_group : process_group {
  explicit limited_group(const std::string& config, const timings& with = {})
      : process_group{with} {
    server().configure(config);
    server().restart();
  }

  static std::string account(const std::string& limits) {
    return "accounts { A { jetstream { " + limits
           + " }, users: [ { user: me, password: p } ] } }";
  }

  void start_with_password(const std::string& name) {
    start(name, {"--set", "nats.user=me", "--set", "nats.password=p"});
  }

  void start_workers() {
    for (auto name : {"w0", "w1"})
      start_with_password(name);
  }

  partita::nats_options as_me() {
    partita::nats_options result;
    result.url = {server().url()};
    result.user = "me";
    result.password = "p";
    return result;
  }

  /// The workers report it as lasting trouble, and none ends.
  void tells(const std::string& text) {
    CAF_MESSAGE("must report: " << text);
    CAF_CHECK(eventually(20s, [&] {
      for (auto name : {"w0", "w1"}) {
        auto said = log(name);
        auto at = said.find("keeps retrying requests to the store");
        if (at != std::string::npos && said.find(text, at) != std::string::npos)
          return true;
      }
      return false;
    }));
    for (const auto& [name, x] : journal().now())
      CAF_CHECK(!x.stopped);
  }
};

} // namespace

CAF_TEST(a limit of the server is reported with what to raise) {
  // All at once: each says it after 5 s.
  std::vector<std::pair<std::unique_ptr<limited_group>, std::string>> groups;
  for (const auto& [config, text] :
       {std::pair{limited_group::account("max_streams: 3"),
                  "raise max_streams of the account"},
        {limited_group::account("max_consumers: 1"),
         "raise max_consumers of the account"},
        {limited_group::account("max_file: 200"),
         "raise the JetStream limits of the account"},
        {limited_group::account("max_file: 10MB, max_bytes_required: true"),
         "set buckets.max_bytes, as this account demands a limit"},
        {no_limit + "\nmax_payload: 300",
         "raise max_payload in the server's configuration"},
        {no_limit + "\njetstream { store_dir: \"$DIR/store\", max_file_store: 200 }",
         "raise max_file_store of the servers"},
        {std::string{"accounts { A { users: [ { user: me, password: p } ] } }"},
         "JetStream not enabled for account"}}) {
    groups.emplace_back(std::make_unique<limited_group>(config), text);
    groups.back().first->start_workers();
  }
  for (auto& [group, text] : groups)
    group->tells(text);
}

CAF_TEST(a bucket that is full is reported with what to raise) {
  limited_group group{no_limit};
  nats_client client{group.as_me()};
  client.api("STREAM.CREATE.KV_it-assignment",
             R"({"name":"KV_it-assignment","subjects":["$KV.it-assignment.>"],)"
             R"("max_msgs_per_subject":1,"max_bytes":400,"discard":"new",)"
             R"("deny_delete":true,"allow_rollup_hdrs":true,"allow_direct":true,)"
             R"("num_replicas":1,"storage":"file"})");
  group.start_workers();
  group.tells("raise max_bytes of the stream");
}

namespace {

timings of_ten_thousand() {
  timings result;
  result.partitions = 10'000;
  return result;
}

/// How many keys of the bucket match.
std::size_t keys_of_parts(nats_client& client) {
  auto answer = client.request("$JS.API.STREAM.INFO.KV_it-assignment",
                               R"({"subjects_filter":"$KV.it-assignment.parts.>"})");
  auto all = nlohmann::json::parse(answer.data);
  auto found = all.at("state").value("subjects", nlohmann::json{});
  return found.size();
}

} // namespace

CAF_TEST(records that are longer than the servers messages are written in parts) {
  limited_group group{no_limit + "\nmax_payload: 8192", of_ten_thousand()};
  group.start_with_password("w0");
  group.require_rest();
  nats_client client{group.as_me()};
  auto parts = keys_of_parts(client);
  CAF_MESSAGE(parts << " parts");
  CAF_CHECK_LESS(1u, parts);
  group.start_with_password("w1");
  group.start_with_password("w2");
  group.require_rest();
  group.kill(group.leader());
  group.require_rest();
  for (const auto* name : {"w0", "w1", "w2"})
    CAF_CHECK_EQUAL(group.log(name).find("cannot be read"), std::string::npos);
  CAF_CHECK_EQUAL(group.journal().violations(), "");
}
