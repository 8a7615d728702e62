// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE embed.options
#include "fixture.hpp"

#include <caf/test/unit_test.hpp>

#include <algorithm>

using namespace partita;
using namespace partita::test;

namespace {

std::vector<std::string> mistakes_in(const embed::options& how) {
  try {
    embed::member never{embed::connection::in_memory(), how};
  } catch (const embed::bad_options& x) {
    return x.mistakes();
  }
  return {};
}

bool names(const std::vector<std::string>& all, const std::string& text) {
  return std::any_of(all.begin(), all.end(), [&](const std::string& x) {
    return x.find(text) != std::string::npos;
  });
}

} // namespace

CAF_TEST(all mistakes are named at once in the words of the configuration) {
  embed::options how{.group = "my orders", .on_deadline = embed::deadline_action::none()};
  how.worker.id_min = 9;
  how.worker.id_max = 3;
  how.heartbeat.ttl = 1s;
  how.rebalance.settle_time = -5ms;
  how.strategy = "fair";
  how.partitions_every = -1s;
  auto found = mistakes_in(how);
  CAF_MESSAGE(found);
  CAF_CHECK(names(found, "group my orders: group.name: found \"my orders\""));
  CAF_CHECK(names(found, "worker.id_max: found 3; must be at least worker.id_min (9)"));
  CAF_CHECK(names(found, "heartbeat.ttl: found \"1s\"; must be at least 3 x "
                         "heartbeat.interval (1s): raise heartbeat.ttl to 3s"));
  CAF_CHECK(names(found, "at least 4 x timeouts.request (500ms)"));
  CAF_CHECK(names(found, "rebalance.settle_time: found \"-5ms\""));
  CAF_CHECK(names(found, "strategy.name: found \"fair\""));
  for (std::string name : {"partitions", "assigned", "revoke"})
    CAF_CHECK(names(found, ": " + name + ": is missing"));
  CAF_CHECK(names(found, "partitions_every"));
  CAF_CHECK_EQUAL(found.size(), 10u);
}

CAF_TEST(values that no file could state are mistakes too) {
  journal none;
  auto how = quick(none, "a");
  how.worker.capacity = 0;
  how.worker.id_prefix.clear();
  how.buckets.replicas = 0;
  how.buckets.max_bytes = 5;
  how.partitions_every = 25h;
  auto found = mistakes_in(how);
  CAF_MESSAGE(found);
  for (std::string name :
       {"worker.capacity: must be ", "worker.id_prefix: must be ",
        "buckets.replicas: must be ", "buckets.max_bytes: belongs to the connection",
        "partitions_every: must be 0 to 24h"})
    CAF_CHECK(names(found, "group orders: " + name));
  CAF_CHECK_EQUAL(found.size(), 5u);
  try {
    embed::deadline_action::call({});
    CAF_FAIL("a deadline without a function");
  } catch (const std::invalid_argument& x) {
    CAF_CHECK(std::string{x.what()}.find("needs a function") != std::string::npos);
  }
  try {
    embed::connection never{{.watch_heartbeat = 0ms}};
    CAF_FAIL("no mistake was found");
  } catch (const embed::bad_options& x) {
    CAF_CHECK(names(x.mistakes(), "connection: watch_heartbeat: must be more than 0"));
  }
}

CAF_TEST(a group must have a name) {
  journal none;
  auto how = quick(none, "a");
  how.group.clear();
  auto found = mistakes_in(how);
  CAF_CHECK_EQUAL(found.size(), 1u);
  CAF_CHECK(names(found, "options: group.name: is missing"));
}

CAF_TEST(a connection names what is wrong with its own options alone) {
  nats_options nats;
  nats.url = {"http://here", "nats://10.0.0.5:4222"};
  nats.user = "me";
  nats.credentials = "/no/such/file";
  nats.request_timeout = 3s;
  try {
    embed::connection never{nats};
    CAF_FAIL("it was made");
  } catch (const embed::bad_options& x) {
    CAF_MESSAGE(x.what());
    CAF_CHECK(names(x.mistakes(), "connection: nats.url"));
    CAF_CHECK(names(x.mistakes(), "nats.credentials: found \"/no/such/file\""));
    CAF_CHECK(names(x.mistakes(), "nats.password: is missing"));
    CAF_CHECK_EQUAL(x.mistakes().size(), 3u);
    CAF_CHECK_EQUAL(std::count(x.what(), x.what() + std::string{x.what()}.size(), '\n'),
                    2);
  }
}
