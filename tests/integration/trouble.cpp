// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE integration.trouble

#include "support/group.hpp"

#include "../support/nats_client.hpp"

#include "partita/messages/codec.hpp"

#include <caf/test/unit_test.hpp>

using namespace partita;
using namespace partita::test;

namespace {

/// Removes a key as any client may: with a delete mark.
void remove_key(nats_client& client, const std::string& bucket, const std::string& key) {
  client.request("$KV." + bucket + "." + key, "", {{"KV-Operation", "DEL"}});
}

bool says(const process_group& group, const std::string& name, const std::string& text) {
  return group.log(name).find(text) != std::string::npos;
}

} // namespace

CAF_TEST(workers stop their work in time while the server is away and take it up again) {
  process_group group;
  group.start_many(3);
  group.require_rest();
  auto killed_at = wall_ns();
  group.server().kill();
  auto idle = group.journal().wait([](const auto& all) {
    for (const auto& [name, x] : all)
      if (x.leading || !x.owns.empty())
        return false;
    return true;
  });
  CAF_CHECK(idle);
  CAF_MESSAGE("before another worker could get their partitions");
  auto took = std::chrono::nanoseconds{wall_ns() - killed_at};
  CAF_CHECK(took < group.with().ttl);
  group.server().start();
  group.require_rest();
  CAF_CHECK_EQUAL(went_back(group.journal().now()), "");
  CAF_CHECK_EQUAL(group.journal().violations(), "");
}

CAF_TEST(workers with available ownership keep their work while the server is away) {
  process_group group;
  for (auto name : {"w0", "w1", "w2"})
    group.start(name, {"--set", "group.ownership=available"});
  group.require_rest();
  auto before = group.journal().now();
  group.server().kill();
  CAF_MESSAGE("away until every heartbeat and the leader key are swept: three TTLs");
  auto no_leader = group.journal().wait(
      [](const auto& all) {
        for (const auto& [name, x] : all)
          if (x.leading)
            return false;
        return true;
      },
      10s);
  CAF_CHECK(no_leader);
  auto disturbed = group.journal().wait(
      [&](const auto& all) {
        for (const auto& [name, x] : all)
          if (x.owns != before.at(name).owns)
            return true;
        return false;
      },
      4 * group.with().ttl);
  CAF_CHECK(!disturbed);
  group.server().start();
  group.require_rest();
  auto after = group.journal().now();
  CAF_CHECK_EQUAL(went_back(after), "");
  for (const auto& [name, x] : after) {
    CAF_CHECK_EQUAL(x.ids.size(), 1u);
    CAF_CHECK(x.owns == before.at(name).owns);
  }
}

CAF_TEST(a server that is frozen for a while and thawed finds the group at work) {
  process_group group;
  group.start_many(3);
  group.require_rest();
  group.server().freeze();
  CAF_CHECK(group.journal().wait([](const auto& all) { return leader_of(all).empty(); }));
  group.server().thaw();
  group.require_rest();
  CAF_CHECK_EQUAL(went_back(group.journal().now()), "");
}

CAF_TEST(delete marks and replay marks never end a watch) {
  process_group group;
  group.start_many(3);
  group.require_rest();
  nats_client client{group.server().url()};
  for (int round = 0; round < 3; ++round) {
    auto leader = group.leader();
    auto epoch = group.journal().now().at(leader).adopted.size();
    CAF_MESSAGE("another client removes the leader key: it is written again at once");
    remove_key(client, "it-election", "leader");
    group.require_rest();
    static_cast<void>(epoch);
    CAF_MESSAGE("another client removes a record: its worker joins again");
    auto victim = group.a_follower();
    auto id = group.id_of(victim);
    auto joins = group.journal().now().at(victim).states.size();
    remove_key(client, "it-assignment", "assignment." + id);
    CAF_CHECK(group.journal().wait(
        [&](const auto& all) { return all.at(victim).states.size() > joins; }));
    group.require_rest();
  }
  CAF_MESSAGE("all watches still work: a leader's death is noticed");
  group.kill(group.leader());
  group.require_rest();
}

CAF_TEST(entries that cannot be read are survived and reported once) {
  process_group group;
  nats_client client{group.server().url()};
  group.start_many(3);
  group.require_rest();
  client.put("it-heartbeat", "heartbeat.worker-77", "no json");
  client.put("it-heartbeat", "heartbeat.worker-78", R"({"nonce":7,"state":"working"})");
  client.put("it-stableid", "worker-79", "\xff\xfe");
  client.put("it-assignment", "assignment.worker-80", "[]");
  client.put("it-assignment", "something.else", "?");
  client.put("it-assignment", "epoch", "no number");
  client.put("it-election", "leader", "no worker");
  CAF_MESSAGE(
      "the leader key is taken over after a lease, as any value that is not renewed");
  auto again = group.journal().wait([&](const auto& all) {
    std::size_t adopted = 0;
    for (const auto& [name, x] : all)
      adopted += x.adopted.size();
    return adopted == 2;
  });
  if (!again)
    CAF_FAIL("no new leader:\n" << group.journal().story());
  group.start("w3");
  group.require_rest();
  auto leader = group.leader();
  CAF_CHECK(says(group, leader, "heartbeat.worker-77"));
  CAF_CHECK(says(group, leader, "heartbeat.worker-78"));
  CAF_CHECK(says(group, leader, "assignment.worker-80"));
  CAF_CHECK(says(group, "w3", "worker-79"));
  CAF_CHECK_EQUAL(went_back(group.journal().now()), "");
}

CAF_TEST(entries with impossible numbers do no harm) {
  process_group group;
  nats_client client{group.server().url()};
  group.start_many(3);
  group.require_rest();
  record promise;
  promise.version = {max_exact_number};
  promise.worker_nonce = {"poison"};
  beat pulse;
  pulse.nonce = {"poison"};
  pulse.state = beat_state::working;
  pulse.applied = {{(std::uint64_t{1} << 33) - 3}, {1}};
  client.put("it-assignment", "assignment.worker-77", to_text(promise));
  client.put("it-heartbeat", "heartbeat.worker-78", to_text(pulse));
  CAF_MESSAGE("the plans that follow");
  auto leader = group.leader();
  group.start("w3");
  group.require_rest();
  CAF_CHECK(says(group, leader, "assignment.worker-77"));
  CAF_CHECK(says(group, leader, "heartbeat.worker-78"));
  CAF_CHECK(says(group, leader, "ahead of the server's clock"));
  CAF_CHECK_EQUAL(group.stop(group.a_follower()), 0);
  group.require_rest();
  CAF_MESSAGE("and the leaders");
  group.fail_over();
  group.require_rest();
  CAF_CHECK_EQUAL(went_back(group.journal().now()), "");
  CAF_CHECK_EQUAL(group.journal().violations(), "");
}

CAF_TEST(a record that cannot be read ends its session and is written again) {
  process_group group;
  group.start_many(3);
  group.require_rest();
  nats_client client{group.server().url()};
  auto victim = group.a_follower();
  auto id = group.id_of(victim);
  client.put("it-assignment", "assignment." + id, "{");
  CAF_CHECK(group.journal().wait([&](const auto& all) {
    const auto& x = all.at(victim);
    return std::count(x.states.begin(), x.states.end(), "claiming_id") == 2;
  }));
  group.require_rest();
}

CAF_TEST(a missing server at the start is reported and a failure after the time for it) {
  timings impatient;
  impatient.startup = 1500ms;
  process_group group{impatient};
  group.server().kill();
  group.start("w0");
  CAF_CHECK_EQUAL(group.wait_for_end("w0"), 1);
  CAF_MESSAGE(group.log("w0"));
  CAF_CHECK(says(group, "w0", "timeouts.startup"));
}

CAF_TEST(a worker that is started before its server waits for it) {
  process_group group;
  group.server().kill();
  group.start_many(2);
  group.server().start();
  group.require_rest();
}

CAF_TEST(a bucket with a foreign configuration is named and nothing is overwritten) {
  process_group group;
  nats_client client{group.server().url()};
  client.api(
      "STREAM.CREATE.KV_it-election",
      R"({"name":"KV_it-election","subjects":["$KV.it-election.>"],)"
      R"("max_msgs_per_subject":64,"max_age":0,"storage":"file","retention":"limits",)"
      R"("discard":"new","num_replicas":1,"allow_direct":true})");
  group.start("w0");
  CAF_CHECK_EQUAL(group.wait_for_end("w0"), 1);
  CAF_MESSAGE(group.log("w0"));
  CAF_CHECK(says(group, "w0", "it-election"));
}
