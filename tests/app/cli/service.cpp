// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE app.service

#include "../../support/process.hpp"

#include "partita/app/dev/local_nats.hpp"

#include <nlohmann/json.hpp>

#include <caf/test/unit_test.hpp>

#include <filesystem>
#include <map>
#include <set>
#include <sstream>

using namespace partita;
using namespace partita::test;
using nlohmann::json;

namespace {

/// The complete lines of an events stream.
std::vector<json> events_in(const std::string& text) {
  std::vector<json> result;
  std::istringstream in{text};
  for (std::string line; std::getline(in, line) && !in.eof();)
    result.push_back(json::parse(line));
  return result;
}

/// What the newest assignments give to all workers together.
std::multiset<std::string> owned_in(const std::vector<json>& events) {
  std::map<std::string, std::vector<std::string>> shares;
  for (const auto& x : events)
    if (x["event"] == "assignment")
      shares[x["worker_id"]] = x["partitions"].get<std::vector<std::string>>();
  std::multiset<std::string> result;
  for (const auto& [who, names] : shares)
    result.insert(names.begin(), names.end());
  return result;
}

bool owns_exactly(const std::string& text, std::size_t count, std::size_t workers) {
  auto events = events_in(text);
  auto owned = owned_in(events);
  std::set<std::string> different{owned.begin(), owned.end()};
  std::set<std::string> owners;
  for (const auto& x : events)
    if (x["event"] == "assignment" && !x["partitions"].empty())
      owners.insert(x["worker_id"].get<std::string>());
  return owned.size() == count && different.size() == count && owners.size() == workers;
}

std::size_t count_of(const std::vector<json>& events, const char* what) {
  std::size_t result = 0;
  for (const auto& x : events)
    result += x["event"] == what ? 1 : 0;
  return result;
}

void ends_well(const process_result& x) {
  CAF_MESSAGE("stderr: " << x.err);
  CAF_REQUIRE_EQUAL(x.code, 0);
}

struct fixture {
  app::local_nats server = [] {
    auto started = app::local_nats::start();
    if (const auto* why = std::get_if<std::string>(&started))
      throw std::runtime_error(*why);
    return std::move(std::get<app::local_nats>(started));
  }();

  std::vector<std::string> worker(std::vector<std::string> more = {}) {
    std::vector<std::string> result{"run",
                                    "--url",
                                    server.url(),
                                    "--group",
                                    "orders",
                                    "--events",
                                    "-",
                                    "--set",
                                    "partitions.prefix=p",
                                    "--set",
                                    "partitions.count=4"};
    result.insert(result.end(), more.begin(), more.end());
    return result;
  }

  process_result status(std::vector<std::string> more = {}) {
    std::vector<std::string> words{"status", "--url", server.url(), "--group", "orders"};
    words.insert(words.end(), more.begin(), more.end());
    return run_partita(words);
  }
};

} // namespace

CAF_TEST(a group in one process shares everything and leaves when it is asked to) {
  auto x = run_partita(
      {"dev", "--workers", "3", "--partitions", "32", "--events", "-"},
      {.stop_when = [](const std::string& out) { return owns_exactly(out, 32, 3); }});
  ends_well(x);
  auto events = events_in(x.out);
  CAF_CHECK_EQUAL(count_of(events, "worker_id_claimed"), 3u);
  CAF_CHECK_EQUAL(count_of(events, "stopped"), 3u);
  CAF_CHECK_GREATER_OR_EQUAL(count_of(events, "leadership"), 1u);
  CAF_CHECK_GREATER_OR_EQUAL(count_of(events, "adopted"), 1u);
  // The messages for people go to stderr, because stdout carries the events.
  CAF_CHECK_NOT_EQUAL(x.err.find("leads"), std::string::npos);
}

CAF_TEST(what happens in a group of one process reads as sentences and tables) {
  auto x = run_partita({"dev", "--workers", "2", "--partitions", "5"},
                       {.stop_when = [](const std::string& out) {
                         return out.find("all 5 partitions are owned exactly once")
                                != std::string::npos;
                       }});
  ends_well(x);
  for (const auto* part : {"worker-0 has joined", " leads: ", "shares:\ngroup dev: ",
                           "WORKER", "worker-0 has left", "worker-1 has left"})
    CAF_CHECK_NOT_EQUAL(x.out.find(part), std::string::npos);
}

CAF_TEST(a group brings a nats - server of its own if it is asked to) {
  auto x = run_partita(
      {"dev", "--nats", "--workers", "2", "--partitions", "5", "--events", "-"},
      {.stop_when = [](const std::string& out) { return owns_exactly(out, 5, 2); }});
  ends_well(x);
  CAF_CHECK_NOT_EQUAL(x.err.find("nats-server of their own"), std::string::npos);
}

CAF_TEST(a nats - server of our own ends with its object and leaves nothing behind) {
  std::string folder;
  {
    auto started = app::local_nats::start();
    CAF_REQUIRE(std::holds_alternative<app::local_nats>(started));
    const auto& server = std::get<app::local_nats>(started);
    CAF_CHECK(server.url().starts_with("nats://127.0.0.1:"));
    folder = server.folder().string();
    CAF_CHECK(std::filesystem::exists(folder));
  }
  CAF_CHECK(!std::filesystem::exists(folder));
}

CAF_TEST_FIXTURE_SCOPE(service_tests, fixture)

CAF_TEST(a group that does not exist is named and not made) {
  for (auto round = 0; round < 2; ++round) {
    auto x = status();
    CAF_MESSAGE("stderr: " << x.err);
    CAF_CHECK_EQUAL(x.code, 1);
    CAF_CHECK_NOT_EQUAL(x.err.find("the group orders does not exist"), std::string::npos);
    CAF_CHECK(x.out.empty());
  }
}

CAF_TEST(a worker reports all that happens and leaves gracefully when it is asked to) {
  auto x = run_partita(worker(), {.stop_when = [](const std::string& out) {
                         return owns_exactly(out, 4, 1);
                       }});
  ends_well(x);
  auto events = events_in(x.out);
  CAF_REQUIRE(!events.empty());
  for (const auto& event : events) {
    CAF_CHECK(event["ts_ns"].is_number_unsigned() && event["worker_id"].is_string());
    CAF_CHECK_EQUAL(event["group"], "orders");
  }
  CAF_CHECK_EQUAL(events.back()["event"].get<std::string>(), "stopped");
  CAF_CHECK(!events.back().contains("failure"));
  CAF_CHECK_GREATER_OR_EQUAL(count_of(events, "state"), 4u);
}

CAF_TEST(the status of a group is what its worker said) {
  process_result seen;
  std::string heard;
  auto x = run_partita(worker(), {.stop_when = [&](const std::string& out) {
                         if (!owns_exactly(out, 4, 1))
                           return false;
                         heard = out;
                         seen = status({"--json"});
                         return true;
                       }});
  ends_well(x);
  ends_well(seen);
  auto group = json::parse(seen.out);
  auto events = events_in(heard);
  CAF_REQUIRE_EQUAL(group["workers"].size(), 1u);
  const auto& who = group["workers"][0];
  CAF_CHECK_EQUAL(group["leader"], who["worker_id"]);
  CAF_CHECK(owned_in(events) == who["partitions"].get<std::multiset<std::string>>());
  for (const auto& event : events)
    if (event["event"] == "adopted")
      CAF_CHECK_EQUAL(group["epoch"], event["epoch"]);
    else if (event["event"] == "assignment")
      CAF_CHECK_EQUAL(group["version"], event["version"]);
  auto after = status();
  ends_well(after);
  CAF_CHECK_NOT_EQUAL(after.out.find("no leader"), std::string::npos);
  CAF_CHECK_NOT_EQUAL(after.out.find("stopped"), std::string::npos);
}

CAF_TEST(a worker that finds no free id ends and names the range) {
  process_result second;
  auto one_id = worker({"--set", "worker.id_max=0", "--set", "timeouts.startup=500ms"});
  auto x = run_partita(one_id, {.stop_when = [&](const std::string& out) {
                         if (!owns_exactly(out, 4, 1))
                           return false;
                         second = run_partita(one_id);
                         return true;
                       }});
  ends_well(x);
  CAF_MESSAGE(second.err);
  CAF_CHECK_EQUAL(second.code, 1);
  CAF_CHECK_NOT_EQUAL(second.err.find("giving up"), std::string::npos);
  CAF_CHECK_NOT_EQUAL(second.err.find("0 to 0"), std::string::npos);
}

CAF_TEST_FIXTURE_SCOPE_END()
