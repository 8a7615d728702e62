// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE app.wiring

#include "partita/app/wiring/wiring.hpp"

#include <caf/test/unit_test.hpp>

using namespace partita;
using namespace std::chrono_literals;

CAF_TEST(default settings become default options) {
  config::settings s;
  s.group.name = "orders";
  s.name_buckets();
  auto x = app::worker_options_of(s);
  worker_options expected;
  CAF_CHECK_EQUAL(x.group.name, "orders");
  CAF_CHECK_EQUAL(x.buckets.stable_id, "orders-stableid");
  CAF_CHECK_EQUAL(x.buckets.election, "orders-election");
  CAF_CHECK_EQUAL(x.buckets.heartbeat, "orders-heartbeat");
  CAF_CHECK_EQUAL(x.buckets.assignment, "orders-assignment");
  CAF_CHECK_EQUAL(x.buckets.control, "orders-control");
  CAF_CHECK_EQUAL(x.buckets.replicas, expected.buckets.replicas);
  CAF_CHECK_EQUAL(x.worker.id_prefix, expected.worker.id_prefix);
  CAF_CHECK_EQUAL(x.worker.instance, expected.worker.instance);
  CAF_CHECK(x.worker.id_min == expected.worker.id_min
            && x.worker.id_max == expected.worker.id_max);
  CAF_CHECK(x.worker.id_ttl == expected.worker.id_ttl);
  CAF_CHECK_EQUAL(x.worker.capacity, expected.worker.capacity);
  CAF_CHECK_EQUAL(x.worker.zone, expected.worker.zone);
  CAF_CHECK(x.group.ownership == expected.group.ownership);
  CAF_CHECK(x.worker.shutdown == expected.worker.shutdown);
}

CAF_TEST(default settings become default options of the strategies and of NATS) {
  config::settings s;
  CAF_CHECK(s.strategy == core::strategy_options{});
  auto x = app::nats_options_of(s, "");
  nats_options expected;
  CAF_CHECK_EQUAL(x.url, expected.url);
  CAF_CHECK_EQUAL(x.user + x.password + x.token, "");
  CAF_CHECK_EQUAL(x.credentials + x.nkey_seed, "");
  CAF_CHECK_EQUAL(x.tls_ca + x.tls_cert + x.tls_key, "");
  CAF_CHECK(x.request_timeout == expected.request_timeout);
}

CAF_TEST(every setting of a worker arrives) {
  config::settings s;
  s.group.name = "orders";
  s.group.ownership = ownership::available;
  s.worker = {"w", 3, 7, 11s, "slot-1", 250, "eu", leave_mode::restart};
  s.heartbeat = {100ms, 900ms};
  s.election = {1100ms, 70ms};
  s.rebalance = {1s, 2s, 3s, 4, 5s, 8s, 9s, 10};
  s.degraded = {11s, 12s, 13s, 14s, 15s};
  s.buckets.election = "votes";
  s.buckets.replicas = 3;
  s.timeouts = {6s, 7s, 80ms};
  s.name_buckets();
  auto x = app::worker_options_of(s);
  CAF_CHECK_EQUAL(x.buckets.election, "votes");
  CAF_CHECK_EQUAL(x.buckets.heartbeat, "orders-heartbeat");
  CAF_CHECK_EQUAL(x.buckets.replicas, 3u);
  CAF_CHECK_EQUAL(x.worker.capacity, 250);
  CAF_CHECK_EQUAL(x.worker.zone, "eu");
  CAF_CHECK_EQUAL(x.worker.id_prefix, "w");
  CAF_CHECK_EQUAL(x.worker.id_min, 3u);
  CAF_CHECK_EQUAL(x.worker.id_max, 7u);
  CAF_CHECK(x.worker.id_ttl == 11s);
  CAF_CHECK_EQUAL(x.worker.instance, "slot-1");
  CAF_CHECK(x.heartbeat.interval == 100ms);
  CAF_CHECK(x.heartbeat.ttl == 900ms);
  CAF_CHECK(x.election.lease == 1100ms);
  CAF_CHECK(x.rebalance.cold_start_window == 1s);
  CAF_CHECK(x.rebalance.planned_scale_window == 2s);
  CAF_CHECK(x.rebalance.settle_time == 3s);
  CAF_CHECK_EQUAL(x.rebalance.expected_workers, 4u);
  CAF_CHECK(x.rebalance.min_interval == 5s);
  CAF_CHECK(x.timeouts.startup == 6s);
  CAF_CHECK(x.timeouts.shutdown == 7s);
  CAF_CHECK(x.timeouts.request == 80ms);
  CAF_CHECK(x.group.ownership == ownership::available);
  CAF_CHECK(x.worker.shutdown == leave_mode::restart);
  CAF_CHECK(x.election.probe_grace == 70ms);
  CAF_CHECK(x.rebalance.restart_hold == 8s);
  CAF_CHECK(x.rebalance.handoff_timeout == 9s);
  CAF_CHECK_EQUAL(x.rebalance.max_moves_in_flight, 10u);
  CAF_CHECK(x.degraded.after == 11s);
  CAF_CHECK(x.degraded.warn == 12s);
  CAF_CHECK(x.degraded.error == 13s);
  CAF_CHECK(x.degraded.critical == 14s);
  CAF_CHECK(x.degraded.grace == 15s);
  for (auto mode : {leave_mode::drain, leave_mode::restart, leave_mode::stop}) {
    s.worker.shutdown = mode;
    CAF_CHECK(app::worker_options_of(s).worker.shutdown == mode);
  }
}

CAF_TEST(the strategy is the one of the settings) {
  config::settings s;
  s.strategy.name = "round_robin";
  core::planning_input in;
  in.workers = {{{"a"}, 100, ""}, {{"b"}, 100, ""}};
  in.partitions = {{{"x"}}, {{"y"}}, {{"z"}}};
  auto plan = app::worker_options_of(s).strategy(in);
  CAF_CHECK(plan.shares == (std::vector<std::vector<std::size_t>>{{0, 2}, {1}}));
}

CAF_TEST(every setting of the connection arrives) {
  config::settings s;
  s.nats = {{"nats://a:1", "tls://b:2"},
            "user",
            "password",
            "token",
            "creds",
            "seed",
            "ca",
            "cert",
            "key"};
  s.timeouts.request = 123ms;
  auto x = app::nats_options_of(s, "me");
  CAF_CHECK(x.url == s.nats.url);
  CAF_CHECK_EQUAL(x.user, "user");
  CAF_CHECK_EQUAL(x.password, "password");
  CAF_CHECK_EQUAL(x.token, "token");
  CAF_CHECK_EQUAL(x.credentials, "creds");
  CAF_CHECK_EQUAL(x.nkey_seed, "seed");
  CAF_CHECK_EQUAL(x.tls_ca, "ca");
  CAF_CHECK_EQUAL(x.tls_cert, "cert");
  CAF_CHECK_EQUAL(x.tls_key, "key");
  CAF_CHECK_EQUAL(x.client_name, "me");
  CAF_CHECK(x.request_timeout == 123ms);
}

CAF_TEST(addresses are shown without what may be a secret) {
  auto text = app::shown({"nats://user:secret@host:4222", "nats://other:4222"});
  CAF_CHECK_EQUAL(text.find("secret"), std::string::npos);
  CAF_CHECK_NOT_EQUAL(text.find("host:4222, nats://other:4222"), std::string::npos);
}

CAF_TEST(what all workers should share says where a list of partitions differs) {
  config::settings s;
  s.group.name = "orders";
  s.name_buckets();
  auto shared = [&](const std::string& name) {
    auto all = app::worker_options_of(s).shared_settings;
    return all.contains(name) ? all.at(name) : std::string{};
  };
  CAF_CHECK_EQUAL(shared("partitions"), "");
  CAF_CHECK_EQUAL(shared("strategy"),
                  "sticky, virtual_nodes 150, seed 0, overload_threshold 1.3, "
                  "extreme_threshold 2, default_weight 100");
  s.partitions.list = {{{"a", "1"}, 100}, {{"b"}, 200}};
  auto first = shared("partitions");
  CAF_CHECK_EQUAL(first.substr(0, 12), "2 of digest ");
  s.partitions.list = {{{"b"}, 200}, {{"a", "1"}, 100}};
  CAF_CHECK_EQUAL(shared("partitions"), first);
  s.partitions.list[0].weight = 100;
  CAF_CHECK_NOT_EQUAL(shared("partitions"), first);
  s.partitions.list = {};
  s.partitions.bucket = true;
  CAF_CHECK_EQUAL(shared("partitions"), "those of the bucket orders-partitions");
  s.partitions.bucket = false;
  s.partitions.stream = "ORDERS";
  CAF_CHECK_EQUAL(shared("partitions"), "those of the stream ORDERS");
  CAF_MESSAGE(
      "one that consumes nothing leaves its partitions without an owner's consumer");
  CAF_CHECK_EQUAL(shared("consume"), "no stream");
  s.consume.stream = "ORDERS";
  s.consume.subject = "orders.{partition}.>";
  s.consume.memory = true;
  CAF_CHECK_EQUAL(
      shared("consume"),
      "ORDERS by orders.{partition}.>, max_ack_pending 100, ack_wait 30000 ms, memory");
}
