// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE integration.metrics

#include "support/metrics_group.hpp"

#include <caf/test/unit_test.hpp>

#include <map>
#include <string>

using namespace partita::test;

namespace {

constexpr auto emergency = "reason=\"emergency\"";

} // namespace

CAF_TEST_FIXTURE_SCOPE(metrics_tests, metrics_group)

CAF_TEST(leader and owners are shown as they are and a killed worker leaves its traces) {
  start_all({"a", "b", "c"});
  double leaders = 0;
  double owned = 0;
  for (const auto& [name, address] : addresses) {
    auto x = ask(name);
    auto leads = x.sum("partita_leader");
    CAF_CHECK_EQUAL(leads == 1, name == group.leader());
    CAF_CHECK_EQUAL(x.sum("partita_lease_remaining_seconds") > 0, leads == 1);
    CAF_CHECK(x.sum("partita_session_remaining_seconds") > 0);
    CAF_CHECK(x.sum("partita_session_remaining_seconds") < 1.5);
    CAF_CHECK(
        x.shows("partita_leader{group=\"it\",worker_id=\"" + group.id_of(name) + "\"}"));
    CAF_CHECK_EQUAL(x.sum("partita_store_connected"), 1.0);
    CAF_CHECK_EQUAL(x.sum("partita_metrics_missing"), 0.0);
    CAF_MESSAGE("a leader opens the control bucket as well");
    CAF_CHECK_EQUAL(x.sum("partita_store_requests_total", "operation=\"open\""),
                    leads == 1 ? 5.0 : 4.0);
    CAF_CHECK(x.sum("partita_store_request_seconds_count", "operation=\"update\"") > 0);
    leaders += leads;
    owned += x.sum("partita_partitions_owned");
  }
  CAF_CHECK_EQUAL(leaders, 1.0);
  CAF_CHECK_EQUAL(owned, 24.0);
  auto leader = group.leader();
  auto before = ask_leader_at_rest();
  CAF_CHECK_EQUAL(before.sum("partita_partition_moves_total", emergency), 0.0);
  auto victim = group.a_follower();
  auto had = ask(victim).sum("partita_partitions_owned");
  CAF_CHECK(had > 0);
  CAF_MESSAGE("a worker dies");
  group.kill(victim);
  addresses.erase(victim);
  group.require_rest();
  auto after = ask_leader_at_rest();
  CAF_CHECK_EQUAL(group.leader(), leader);
  CAF_CHECK_EQUAL(after.sum("partita_partition_moves_total", emergency), had);
  auto count = [](const scrape& x) {
    return x.sum("partita_partition_unowned_seconds_count");
  };
  auto length = [](const scrape& x) {
    return x.sum("partita_partition_unowned_seconds_sum");
  };
  CAF_CHECK_EQUAL(count(after), count(before) + had);
  CAF_MESSAGE("since its last heartbeat, so for a whole heartbeat.ttl each");
  CAF_CHECK(length(after) - length(before) >= 1.5 * had);
  CAF_CHECK_EQUAL(after.sum("partita_rebalance_seconds_count", emergency), 1.0);
  CAF_CHECK_EQUAL(after.fallen_since(before), "");
}

CAF_TEST(a worker that joins is handed partitions in two phases) {
  start_all({"a", "b"});
  auto before = ask_leader_at_rest();
  CAF_CHECK_EQUAL(before.sum("partita_handoff_seconds_count"), 0.0);
  CAF_CHECK(before.sum("partita_turn_seconds_count") > 0);
  CAF_CHECK(before.sum("partita_turn_longest_seconds") > 0);
  start("c");
  group.require_rest();
  auto after = ask_leader_at_rest();
  for (const auto* phase : {"phase=\"confirm\"", "phase=\"grant\""}) {
    CAF_CHECK_EQUAL(after.sum("partita_handoff_seconds_count", phase), 8.0);
    CAF_CHECK(after.sum("partita_handoff_seconds_sum", phase) > 0);
  }
}

CAF_TEST(counters never fall over a change of leader) {
  group.without_guard();
  start_all({"a", "b", "c"});
  std::map<std::string, scrape> before;
  auto old = group.leader();
  for (const auto& [name, address] : addresses)
    before.emplace(name, ask(name));
  auto epoch = before.at(old).sum("partita_epoch");
  auto version = ask_leader_at_rest().sum("partita_version_published");
  CAF_MESSAGE("an old leader that lives on");
  CAF_REQUIRE_EQUAL(group.overtake_leader(), old);
  group.thaw(old);
  group.require_rest();
  CAF_CHECK(group.leader() != old);
  CAF_MESSAGE("whose records a new one may leave as they are");
  ask_until(group.leader(),
            [&](const scrape& x) { return x.sum("partita_epoch") > epoch; });
  auto now = ask_leader_at_rest();
  CAF_CHECK(now.sum("partita_version_published") >= version);
  for (const auto& [name, address] : addresses)
    CAF_CHECK_EQUAL(ask(name).fallen_since(before.at(name)), "");
  CAF_CHECK(!ask(old).shows("partita_partitions{group=\"it\"}"));
}

CAF_TEST_FIXTURE_SCOPE_END()
